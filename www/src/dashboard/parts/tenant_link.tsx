// A tenant's name, as the way to its page.

import { Link } from "../../app";

export const TenantLink = ({ tenant }: { tenant: string }) => (
  <Link to={{ page: "tenant", tenant }}>
    <bdi>{tenant}</bdi>
  </Link>
);
