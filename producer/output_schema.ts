/** Is a task's output_schema a JSON Schema that answers can be held against? */
import type { Detail } from "./problem.ts";

export function schemaFaults(_schema: object): Detail[] {
  return [];
}
