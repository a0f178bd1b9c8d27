/** Every call of the API. The client's types are inferred from this module. */
export * from "./batches.ts";
export * from "./egress.ts";
export * from "./fleet.ts";
export * from "./flow.ts";
export * from "./schedules.ts";
export * from "./tasks.ts";
export * from "./traces.ts";
