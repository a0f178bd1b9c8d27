/** The fleet itself: counts, dead letters, spend, tools, uploads, keys, webhooks, health. */
import { Type } from "@sinclair/typebox";
import { keyIdPattern, webhookIdPattern } from "../../shared/ids.ts";
import { overviewLimits, storeLimits } from "../../shared/limits.ts";
import { NewKey } from "../../shared/new_key.ts";
import { json, operation } from "../http/operation.ts";
import {
  DeadMessages,
  DeletedInput,
  HealthAnswer,
  InputAnswer,
  KeyAnswer,
  KeyPage,
  MadeKey,
  ModelsAnswer,
  PoliciesAnswer,
  SpendAnswer,
  StatsAnswer,
  ThroughputAnswer,
  ToolsAnswer,
  WebhookAnswer,
  WebhookPage,
} from "./fleet_responses.ts";
import { limitUpTo, TaskQuery } from "./tasks/operations.ts";
import { DeadLetterPage } from "./tasks/responses.ts";

const strict = { additionalProperties: false } as const;
const cursorOf = (pattern: string) =>
  Type.String({ pattern, description: "a next_cursor as it was answered" });

export const getStats = operation({
  id: "getStats",
  method: "GET",
  path: "/v1/stats",
  scope: "read",
  about: "Counts by status, the backlog, tokens and cost by model.",
  answers: { 200: json(StatsAnswer) },
});

/** The status is dead in any case; to name it is no mistake. */
export const DeadLetterQuery = Type.Composite(
  [Type.Omit(TaskQuery, ["status"]), Type.Object({ status: Type.Optional(Type.Literal("dead")) })],
  strict,
);

export const listDeadLetters = operation({
  id: "listDeadLetters",
  method: "GET",
  path: "/v1/dead_letters",
  scope: "read",
  about: "Tasks that the infrastructure gave up on, each with its cause, the newest first.",
  query: DeadLetterQuery,
  labelled: true,
  answers: { 200: json(DeadLetterPage) },
});

export const SpendQuery = Type.Partial(
  Type.Object({
    days: Type.Integer({
      minimum: 1,
      maximum: storeLimits.spendDaysMax,
      default: storeLimits.spendDaysDefault,
    }),
  }),
  strict,
);

export const getSpend = operation({
  id: "getSpend",
  method: "GET",
  path: "/v1/spend",
  scope: "read",
  about: "What model calls used, by day and model.",
  query: SpendQuery,
  answers: { 200: json(SpendAnswer) },
});

export const ThroughputQuery = Type.Partial(
  Type.Object({
    minutes: Type.Integer({
      minimum: 1,
      maximum: overviewLimits.minutesMax,
      default: overviewLimits.minutesDefault,
    }),
  }),
  strict,
);

export const getThroughput = operation({
  id: "getThroughput",
  method: "GET",
  path: "/v1/throughput",
  scope: "read",
  about: "What ended in each of the last minutes, with its tokens and dollars.",
  query: ThroughputQuery,
  answers: { 200: json(ThroughputAnswer) },
});

export const listModelPaces = operation({
  id: "listModelPaces",
  method: "GET",
  path: "/v1/models",
  scope: "read",
  about: "What each model's calls are limited to, what is used of it, and until when it is closed.",
  answers: { 200: json(ModelsAnswer) },
});

export const listTools = operation({
  id: "listTools",
  method: "GET",
  path: "/v1/tools",
  scope: "read",
  about: "Every tool, with what to set where it is not configured.",
  answers: { 200: json(ToolsAnswer) },
});

export const listPolicies = operation({
  id: "listPolicies",
  method: "GET",
  path: "/v1/policies",
  scope: "read",
  about: "The egress policies that tasks may name, with their rules.",
  answers: { 200: json(PoliciesAnswer) },
});

export const putInput = operation({
  id: "putInput",
  method: "PUT",
  path: "/v1/inputs/*",
  scope: "submit",
  about: "Uploads an object that tasks name as r2; it replaces what stood there.",
  body: { "application/octet-stream": Type.Uint8Array() },
  answers: { 200: json(InputAnswer) },
  refuses: ["refused"],
});

export const deleteInput = operation({
  id: "deleteInput",
  method: "DELETE",
  path: "/v1/inputs/*",
  scope: "submit",
  about: "Deletes an upload, for good.",
  answers: { 200: json(DeletedInput) },
  refuses: ["refused"],
});

export const createKey = operation({
  id: "createKey",
  method: "POST",
  path: "/v1/keys",
  scope: "admin",
  about: "Makes an API key, which is shown this once.",
  body: json(NewKey),
  answers: { 201: json(MadeKey) },
});

export const KeyQuery = Type.Partial(Type.Object({ cursor: cursorOf(keyIdPattern) }), strict);

export const listKeys = operation({
  id: "listKeys",
  method: "GET",
  path: "/v1/keys",
  scope: "admin",
  about: "Lists API keys without their secrets, the newest first.",
  query: KeyQuery,
  answers: { 200: json(KeyPage) },
});

export const revokeKey = operation({
  id: "revokeKey",
  method: "DELETE",
  path: "/v1/keys/:id",
  scope: "admin",
  about: "Revokes an API key, for good.",
  answers: { 200: json(KeyAnswer) },
});

export const WebhookQuery = Type.Partial(
  Type.Object({
    cursor: cursorOf(webhookIdPattern),
    limit: limitUpTo(storeLimits.pageRowsMax, storeLimits.pageRowsDefault),
  }),
  strict,
);

export const listDeadWebhooks = operation({
  id: "listDeadWebhooks",
  method: "GET",
  path: "/v1/webhooks/dead",
  scope: "read",
  about: "Webhooks that were given up, the newest first.",
  query: WebhookQuery,
  answers: { 200: json(WebhookPage) },
});

export const redeliverWebhook = operation({
  id: "redeliverWebhook",
  method: "POST",
  path: "/v1/webhooks/:id/redeliver",
  scope: "submit",
  about: "Sends a webhook again from its first try, under the same id.",
  answers: { 202: json(WebhookAnswer) },
  refuses: ["conflict"],
});

export const listDeadMessages = operation({
  id: "listDeadMessages",
  method: "GET",
  path: "/v1/inbox/dead",
  scope: "read",
  about: "Messages of the queue inbox that made no task, the latest first.",
  answers: { 200: json(DeadMessages) },
});

export const getHealth = operation({
  id: "getHealth",
  method: "GET",
  path: "/healthz",
  scope: null,
  about: "Whether D1 is migrated and both Workers answer.",
  answers: { 200: json(HealthAnswer) },
  refuses: ["unavailable"],
});

const Front = Type.Object({
  name: Type.String(),
  what: Type.String(),
  submit: Type.String(),
  health: Type.String(),
  docs: Type.String(),
});

export const getFront = operation({
  id: "getFront",
  method: "GET",
  path: "/",
  scope: null,
  about: "What this is and where to go on.",
  answers: { 200: json(Front) },
});

const OpenApi = Type.Object({
  openapi: Type.String(),
  jsonSchemaDialect: Type.String(),
  info: Type.Object({}),
  servers: Type.Array(Type.Object({})),
  security: Type.Array(Type.Object({})),
  paths: Type.Object({}),
  components: Type.Object({}),
});

export const getOpenApi = operation({
  id: "getOpenApi",
  method: "GET",
  path: "/openapi.json",
  scope: null,
  about: "This document.",
  answers: { 200: json(OpenApi) },
});

export const getOpenApiByKey = operation({
  id: "getOpenApiByKey",
  method: "GET",
  path: "/v1/openapi.json",
  scope: "read",
  about: "This document, for who has a key.",
  answers: { 200: json(OpenApi) },
});
