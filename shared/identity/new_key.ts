/** The shape of a request for a new API key. */
import { type Static, Type } from "@sinclair/typebox";
import { keyLimits, taskLimits } from "../limits.ts";
import { DurableTask } from "../task/task.ts";
import { scopes } from "./scopes.ts";

const strict = { additionalProperties: false } as const;

/** Task fields that a key may set for requests in OpenAI's format, which has no such fields. */
const KeyDefaults = Type.Pick(
  DurableTask,
  [
    "model",
    "fallback_models",
    "sampling",
    "tools",
    "policy",
    "sandbox",
    "limits",
    "attempts",
    "labels",
    "priority",
  ],
  { ...strict, $id: "KeyDefaults" },
);

export const NewKey = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: taskLimits.keyCharsMax }),
    tenant: Type.Optional(Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,62}$" })),
    scopes: Type.Optional(
      Type.Array(Type.Union(scopes.map((scope) => Type.Literal(scope))), {
        minItems: 1,
        uniqueItems: true,
      }),
    ),
    expires_at: Type.Optional(DurableTask.properties.expires_at),
    requests_per_minute: Type.Optional(
      Type.Integer({ minimum: 1, maximum: keyLimits.requestsPerMinuteMax }),
    ),
    backlog: Type.Optional(Type.Integer({ minimum: 1, maximum: keyLimits.backlogMax })),
    defaults: Type.Optional(KeyDefaults),
  },
  { ...strict, $id: "NewKey" },
);
export type NewKey = Static<typeof NewKey>;
