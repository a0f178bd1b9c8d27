/** A batch in OpenAI's format. */
import { type Static, Type } from "@sinclair/typebox";
import { Count, oneOf, orNull } from "../../http/values.ts";
import { pageFields, Seconds } from "../list_page.ts";
import { endpoints } from "./batch_request.ts";

const SecondsOrNull = orNull(Seconds);

/** Without `validating`: a file is checked before its batch is stored. */
export const openAiStatuses = [
  "failed",
  "in_progress",
  "finalizing",
  "completed",
  "expired",
  "cancelling",
  "cancelled",
] as const;
export type OpenAiStatus = (typeof openAiStatuses)[number];

/** Why a file was rejected, with one entry for each invalid field. */
const LineErrors = Type.Object({
  object: Type.Literal("list"),
  data: Type.Array(
    Type.Object({
      code: Type.String(),
      line: orNull(Type.Integer({ minimum: 1 })),
      message: Type.String(),
      param: orNull(Type.String()),
    }),
  ),
});

export const OpenAiBatch = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal("batch"),
    endpoint: oneOf(endpoints),
    errors: orNull(LineErrors),
    input_file_id: Type.String(),
    completion_window: Type.String(),
    status: oneOf(openAiStatuses),
    output_file_id: orNull(Type.String()),
    error_file_id: orNull(Type.String()),
    created_at: Seconds,
    in_progress_at: SecondsOrNull,
    expires_at: Seconds,
    finalizing_at: SecondsOrNull,
    completed_at: SecondsOrNull,
    failed_at: SecondsOrNull,
    expired_at: SecondsOrNull,
    cancelling_at: SecondsOrNull,
    cancelled_at: SecondsOrNull,
    request_counts: Type.Object({ total: Count, completed: Count, failed: Count }),
    usage: Type.Object({
      input_tokens: Count,
      input_tokens_details: Type.Object({ cached_tokens: Count }),
      output_tokens: Count,
      output_tokens_details: Type.Object({ reasoning_tokens: Count }),
      total_tokens: Count,
    }),
    metadata: orNull(Type.Record(Type.String(), Type.String())),
  },
  { $id: "OpenAiBatch" },
);
export type OpenAiBatch = Static<typeof OpenAiBatch>;

export const OpenAiBatchPage = Type.Object({ ...pageFields, data: Type.Array(OpenAiBatch) });
