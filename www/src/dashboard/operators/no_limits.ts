// Operators have no plan that limits how long they live.

import type { Limits } from "../../api/types";

export const NO_LIMITS: Limits = { default_expiry_days: null, max_active_keys: null, max_expiry_days: null };
