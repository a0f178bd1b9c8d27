/** The operations of the OpenAI-compatible API. OpenAI's clients call them; the fleet's own client does not. */
export * from "./batches/operations.ts";
export * from "./files/operations.ts";
export * from "./models/operations.ts";
