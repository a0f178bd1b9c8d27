/** The request that creates a batch, stored unchanged with the batch's row. */
import { Type } from "@sinclair/typebox";
import { openAiLimits } from "../../../shared/limits.ts";
import { oneOf, strict } from "../../http/values.ts";

export const endpoints = ["/v1/chat/completions", "/v1/responses"] as const;
export type Endpoint = (typeof endpoints)[number];

export const NewOpenAiBatch = Type.Object(
  {
    input_file_id: Type.String({ description: "the id of an uploaded file" }),
    endpoint: oneOf(endpoints),
    completion_window: Type.String({
      pattern: "^[1-9][0-9]{0,2}[hd]$",
      description: 'a duration such as "24h" or "7d"',
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

export interface OpenAiBatchRequest {
  endpoint: Endpoint;
  input_file_id: string;
  completion_window: string;
  metadata: Record<string, string> | null;
  /** When unfinished tasks expire, in milliseconds since 1970 UTC. */
  expires_at: number;
}

/** Null for a batch that was not created through the OpenAI-compatible API. */
export const batchRequestOf = ({ openai }: { openai: string | null }): OpenAiBatchRequest | null =>
  openai === null ? null : (JSON.parse(openai) as OpenAiBatchRequest);
