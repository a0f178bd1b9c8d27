/** Every operation of the API. The client's types are inferred from this module. */
export * from "./approvals/operations.ts";
export * from "./batches/operations.ts";
export * from "./catalog/operations.ts";
export * from "./egress/operations.ts";
export * from "./evals/operations.ts";
export * from "./inbox/operations.ts";
export * from "./inputs/operations.ts";
export * from "./keys/operations.ts";
export * from "./pauses/operations.ts";
export * from "./restores/operations.ts";
export * from "./schedules/operations.ts";
export * from "./service/operations.ts";
export * from "./stats/operations.ts";
export * from "./tasks/operations.ts";
export * from "./tenants/operations.ts";
export * from "./traces/operations.ts";
export * from "./webhooks/operations.ts";
