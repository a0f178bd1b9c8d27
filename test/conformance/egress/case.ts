import type { PolicyName } from "./policies.ts";

export interface Case {
  category: string;
  /** The policy's name in `policies`, or the policy itself. */
  policy: PolicyName | { rules: readonly unknown[] };
  url: string;
  method: string;
  headers: readonly (readonly [string, string])[];
  /** `deny <reason>`, `allow <rule>` or `inject <rule>`. */
  expected: string;
}
