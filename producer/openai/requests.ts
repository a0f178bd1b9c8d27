/** What the calls in OpenAI's shape take: the query of a listing, the form of an upload, a new batch. */
import { Type } from "@sinclair/typebox";
import { batchIdPattern, fileIdPattern } from "../../shared/ids.ts";
import { batchLimits, openAiLimits } from "../../shared/limits.ts";
import { limitUpTo } from "../api/tasks/operations.ts";
import { endpoints } from "./facts.ts";

const strict = { additionalProperties: false } as const;

/** A listing begins behind the entry that `after` names. */
const after = (pattern: string) =>
  Type.String({ pattern, description: "the id of the last entry" });

export const OpenAiFileQuery = Type.Partial(
  Type.Object({
    after: after(fileIdPattern),
    limit: limitUpTo(openAiLimits.fileRowsAskedMax, openAiLimits.fileRowsDefault),
    purpose: Type.Union([Type.Literal("batch"), Type.Literal("batch_output")]),
    order: Type.Union([Type.Literal("asc"), Type.Literal("desc")]),
  }),
  strict,
);

export const OpenAiBatchQuery = Type.Partial(
  Type.Object({
    after: after(batchIdPattern),
    limit: limitUpTo(batchLimits.listRowsMax, batchLimits.listRowsDefault),
  }),
  strict,
);

/** The fields of an upload's form beside its file. */
export const UploadFields = Type.Object(
  {
    purpose: Type.Literal("batch"),
    "expires_after[anchor]": Type.Optional(Type.Literal("created_at")),
    "expires_after[seconds]": Type.Optional(
      Type.Integer({ minimum: openAiLimits.fileSecondsMin, maximum: openAiLimits.fileSecondsMax }),
    ),
  },
  strict,
);

/** The file streams by, so it is no value that a schema could check: the form's reader does. */
export const Upload = Type.Object(
  {
    file: Type.String({
      contentMediaType: "application/octet-stream",
      description: "one request on each line",
    }),
    ...UploadFields.properties,
  },
  strict,
);

export const NewOpenAiBatch = Type.Object(
  {
    input_file_id: Type.String({ description: "the id of an uploaded file" }),
    endpoint: Type.Union(endpoints.map((endpoint) => Type.Literal(endpoint))),
    completion_window: Type.String({
      pattern: "^[1-9][0-9]{0,2}[hd]$",
      description: 'a time such as "24h" or "7d"',
    }),
    metadata: Type.Optional(
      Type.Union([
        Type.Null(),
        Type.Record(
          Type.String({ pattern: `^[\\s\\S]{1,${openAiLimits.metadataKeyCharsMax}}$` }),
          Type.String({ maxLength: openAiLimits.metadataValueCharsMax }),
          { maxProperties: openAiLimits.metadataEntriesMax, additionalProperties: false },
        ),
      ]),
    ),
  },
  { $id: "NewOpenAiBatch", ...strict },
);
