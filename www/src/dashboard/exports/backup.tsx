// A tenant's backup: all that a restore needs.

import { Card } from "../parts/page";
import { ExportButton, fileName, today } from "./button";
import { backup } from "./exports";

export function BackupCard({ tenant }: { tenant: string }) {
  return (
    <Card title="Backup">
      <p class="fine">
        Settings, keys, audit log and uses, for a restore. It has digests and never keys, but names, addresses and
        metadata: keep it confidential.
      </p>
      <ExportButton
        label="Export the tenant"
        of={() => backup(tenant)}
        name={() => fileName("backup", tenant, today())}
        noun="{n|one={n} line|other={n} lines}"
      />
    </Card>
  );
}
