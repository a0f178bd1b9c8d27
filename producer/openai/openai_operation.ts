/** An operation whose errors are in OpenAI's format. */
import { type Operation, operation } from "../http/operation.ts";

export const openAiOperation = <const O extends Omit<Operation, "wire">>(description: O) =>
  operation({ ...description, wire: "openai" });
