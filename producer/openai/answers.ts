/** What the calls in OpenAI's shape answer: files, batches, models and pages of them. */
import { type Static, Type } from "@sinclair/typebox";
import { Count, orNull } from "../http/values.ts";
import { endpoints } from "./facts.ts";

/** Seconds since 1970 UTC, as all times are in this shape. */
const Seconds = Type.Integer({ description: "seconds since 1970 UTC" });
const SecondsOrNull = orNull(Seconds);

export const OpenAiFile = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal("file"),
    bytes: Count,
    created_at: Seconds,
    expires_at: Type.Optional(Seconds),
    filename: Type.String(),
    purpose: Type.Union([Type.Literal("batch"), Type.Literal("batch_output")]),
    status: Type.Literal("processed"),
  },
  { $id: "OpenAiFile" },
);
export type OpenAiFile = Static<typeof OpenAiFile>;

export const DeletedOpenAiFile = Type.Object(
  { id: Type.String(), object: Type.Literal("file"), deleted: Type.Literal(true) },
  { $id: "DeletedOpenAiFile" },
);
export type DeletedOpenAiFile = Static<typeof DeletedOpenAiFile>;

/** `validating` is none of them: a file is checked before its batch has a row. */
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

/** Why a file is refused, a fault for each place. */
const LineFaults = Type.Object({
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
    endpoint: Type.Union(endpoints.map((endpoint) => Type.Literal(endpoint))),
    errors: orNull(LineFaults),
    input_file_id: Type.String(),
    completion_window: Type.String(),
    status: Type.Union(openAiStatuses.map((status) => Type.Literal(status))),
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

export const OpenAiModel = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal("model"),
    created: Seconds,
    owned_by: Type.String(),
  },
  { $id: "OpenAiModel" },
);
export type OpenAiModel = Static<typeof OpenAiModel>;

/** Models are few and come without pages. */
export const OpenAiModels = Type.Object({
  object: Type.Literal("list"),
  data: Type.Array(OpenAiModel),
});
export type OpenAiModels = Static<typeof OpenAiModels>;

const pageFields = {
  object: Type.Literal("list"),
  first_id: orNull(Type.String()),
  last_id: orNull(Type.String({ description: "what the next page is asked for with, as after" })),
  has_more: Type.Boolean(),
};
export const OpenAiFilePage = Type.Object({ ...pageFields, data: Type.Array(OpenAiFile) });
export const OpenAiBatchPage = Type.Object({ ...pageFields, data: Type.Array(OpenAiBatch) });
