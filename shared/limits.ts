// Every bound of the fleet, each with its unit in its name, in this one list: a room for each part of the
// fleet, and one place to import from. A number that stops something and stands elsewhere is a defect.
// The platform's own numbers (queues, D1, Workers) carry the word "platform".

export * from "./limits/api.ts";
export * from "./limits/delivery.ts";
export * from "./limits/egress.ts";
export * from "./limits/flow.ts";
export * from "./limits/models.ts";
export * from "./limits/openai.ts";
export * from "./limits/sandbox.ts";
export * from "./limits/stores.ts";
export * from "./limits/tasks.ts";
