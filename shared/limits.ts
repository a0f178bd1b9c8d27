// Every limit of the fleet, with its unit in its name: one file per part, one place to import from.
// A limit that is defined elsewhere is a defect. `platformLimits` holds the platform's own numbers.

export * from "./limits/agents.ts";
export * from "./limits/api.ts";
export * from "./limits/approvals.ts";
export * from "./limits/delivery.ts";
export * from "./limits/egress.ts";
export * from "./limits/evals.ts";
export * from "./limits/flow.ts";
export * from "./limits/memory.ts";
export * from "./limits/models.ts";
export * from "./limits/openai.ts";
export * from "./limits/quality.ts";
export * from "./limits/sandbox.ts";
export * from "./limits/stores.ts";
export * from "./limits/tasks.ts";
