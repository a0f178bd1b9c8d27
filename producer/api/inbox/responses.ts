/** Messages of the queue `inbox` that made no task. `body` is text; a long one is cut. */
import { type Static, Type } from "@sinclair/typebox";
import { Time } from "../../http/values.ts";
import { SubmissionError } from "../batches/responses.ts";

export const DeadMessages = Type.Object({
  messages: Type.Array(
    Type.Object(
      { id: Type.String(), received_at: Time, body: Type.String(), error: SubmissionError },
      { $id: "DeadMessage" },
    ),
  ),
});
export type DeadMessages = Static<typeof DeadMessages>;
