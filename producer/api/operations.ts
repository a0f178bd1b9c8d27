/** Every call of the API. The client's types are inferred from this module. */
export * from "./batches/operations.ts";
export * from "./egress/operations.ts";
export * from "./fleet_operations.ts";
export * from "./pauses/operations.ts";
export * from "./schedules/operations.ts";
export * from "./tasks/operations.ts";
export * from "./traces/operations.ts";
