/** An operation whose errors are in OpenAI's format. */
import { type Operation, operation } from "../http/operation.ts";

export const openAiOperation = <const O extends Omit<Operation, "wire">>(described: O) =>
  operation({ ...described, wire: "openai" });
