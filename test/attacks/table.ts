import type { Attack } from "./attack.ts";
import { modelAttacks } from "./model_attacks.ts";
import { producerAttacks } from "./producer_attacks.ts";
import { toolAttacks } from "./tool_attacks.ts";

export const attacks: readonly Attack[] = [...producerAttacks, ...modelAttacks, ...toolAttacks];
