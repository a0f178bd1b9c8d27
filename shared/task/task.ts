/** The shape of a task as users send it; terms: docs/glossary.md. */
import { type Static, Type } from "@sinclair/typebox";
import { budgetCeilings, taskLimits } from "../limits.ts";
import { ApprovalOptions, Approve } from "./approval.ts";
import { Checks, Escalations, Samples } from "./quality.ts";
import { rehearsalSchema } from "./rehearsal.ts";

const strict = { additionalProperties: false } as const;

const modelId = Type.String({ minLength: 1, maxLength: 200, pattern: "^[\\x21-\\x7e]+$" });
const nameSchema = (label: string) =>
  Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,62}$", description: `the name of a ${label}` });

/** A budget that a task sets: at least one, at most the fleet's ceiling. */
const budget = (name: keyof typeof budgetCeilings, isInteger = true) =>
  isInteger
    ? Type.Integer({ minimum: 1, maximum: budgetCeilings[name] })
    : Type.Number({ exclusiveMinimum: 0, maximum: budgetCeilings[name] });

export const Budgets = Type.Partial(
  Type.Object(
    {
      steps: budget("steps"),
      model_calls: budget("model_calls"),
      tool_calls: Type.Integer({ minimum: 0, maximum: budgetCeilings.tool_calls }),
      tokens: budget("tokens"),
      cost_usd: budget("cost_usd", false),
      seconds: budget("seconds", false),
      egress_requests: Type.Integer({ minimum: 0, maximum: budgetCeilings.egress_requests }),
      egress_bytes: Type.Integer({ minimum: 0, maximum: budgetCeilings.egress_bytes }),
      corrections: Type.Integer({ minimum: 0, maximum: budgetCeilings.corrections }),
    },
    strict,
  ),
  strict,
);
export type Budgets = Static<typeof Budgets>;

/** A part of a message: text, or a picture as a data URL, which only models with vision take. */
export const ContentPart = Type.Union([
  Type.Object(
    { type: Type.Literal("text"), text: Type.String({ maxLength: taskLimits.promptCharsMax }) },
    strict,
  ),
  Type.Object(
    {
      type: Type.Literal("image_url"),
      image_url: Type.Object(
        { url: Type.String({ description: "data:image/png;base64,… (png, jpeg, gif or webp)" }) },
        strict,
      ),
    },
    strict,
  ),
]);
export type ContentPart = Static<typeof ContentPart>;

export const ChatMessage = Type.Object(
  {
    role: Type.Union([Type.Literal("system"), Type.Literal("user"), Type.Literal("assistant")]),
    content: Type.Union([
      Type.String({ maxLength: taskLimits.promptCharsMax }),
      Type.Array(ContentPart, { minItems: 1, maxItems: taskLimits.messagesMax }),
    ]),
  },
  strict,
);

/** The text of a message, its parts on lines of their own. */
export function messageText(content: string | readonly ContentPart[]): string {
  if (typeof content === "string") return content;
  return content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
}

/** False: the model is not shown it, although it is a picture; it is data for programs. */
const picture = Type.Optional(
  Type.Boolean({ description: "false: a picture that the model is not shown" }),
);

export const InputFile = Type.Union([
  Type.Object({ text: Type.String() }, strict),
  Type.Object({ base64: Type.String(), picture }, strict),
  Type.Object({ r2: Type.String({ minLength: 1, maxLength: 512 }), picture }, strict),
]);
export type InputFile = Static<typeof InputFile>;

/** A skill of this repository by its name, or the folder of an upload. */
export const SkillRef = Type.Union([
  Type.String({ minLength: 1, maxLength: 64 }),
  Type.Object({ r2: Type.String({ minLength: 1, maxLength: 512 }) }, strict),
]);
export type SkillRef = Static<typeof SkillRef>;

export const timestamp = Type.String({
  pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:\\d{2})$",
  description: "ISO 8601 with a zone, such as 2026-12-01T09:00:00Z",
});

export const Labels = Type.Record(
  Type.String({ pattern: "^[a-z0-9_.-]{1,63}$" }),
  Type.String({ maxLength: taskLimits.labelValueCharsMax }),
  { ...strict, maxProperties: taskLimits.labelsMax },
);

const key = Type.String({ minLength: 1, maxLength: taskLimits.keyCharsMax });

/** Where the end of a task or a batch is reported: signed with a secret, through the policy `webhooks`. */
export const Webhook = Type.Object(
  {
    url: Type.String({
      pattern: "^https://",
      maxLength: 2_048,
      description: 'an https URL, such as "https://example.com/hooks/fleet"',
    }),
    secret: Type.String({
      pattern: "^[A-Z][A-Z0-9_]{0,63}$",
      description: "the name of a secret that the policy webhooks lists",
    }),
  },
  strict,
);
export type Webhook = Static<typeof Webhook>;

/** Tasks of one tenant under one key run at most `limit` at a time. */
export const Concurrency = Type.Object(
  {
    key: Type.String({ minLength: 1, maxLength: taskLimits.labelValueCharsMax }),
    limit: Type.Integer({ minimum: 1, maximum: taskLimits.concurrencyMax }),
  },
  strict,
);

/** Sampling options, sent with each call of the model. An endpoint that rejects one of them rejects the call. */
export const Sampling = Type.Partial(
  Type.Object(
    {
      temperature: Type.Number({ minimum: 0, maximum: 2 }),
      top_p: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
      seed: Type.Integer({
        minimum: Number.MIN_SAFE_INTEGER,
        maximum: Number.MAX_SAFE_INTEGER,
      }),
      output_tokens_max: Type.Integer({ minimum: 1, maximum: budgetCeilings.tokens }),
    },
    strict,
  ),
  strict,
);
export type Sampling = Static<typeof Sampling>;

const fields = {
  prompt: Type.String({ minLength: 1, maxLength: taskLimits.promptCharsMax }),
  messages: Type.Array(ChatMessage, { minItems: 1, maxItems: taskLimits.messagesMax }),
  input: Type.Unknown({ description: "any JSON, given to the model with the prompt" }),
  files: Type.Record(Type.String(), InputFile, { maxProperties: taskLimits.filesMax }),
  model: modelId,
  fallback_models: Type.Array(modelId, { maxItems: taskLimits.fallbackModelsMax }),
  tools: Type.Array(nameSchema("tool"), { maxItems: taskLimits.toolsMax, uniqueItems: true }),
  mcp: Type.Array(nameSchema("MCP server"), {
    maxItems: taskLimits.mcpServersMax,
    uniqueItems: true,
  }),
  skills: Type.Array(SkillRef, { maxItems: taskLimits.skillsMax, uniqueItems: true }),
  policy: nameSchema("policy"),
  sandbox: Type.Union([
    Type.Literal("isolate"),
    Type.Literal("isolate-v8"),
    Type.Literal("microvm"),
  ]),
  sampling: Sampling,
  output_schema: Type.Object({}, { description: "JSON Schema of the arguments of `final_answer`" }),
  limits: Budgets,
  attempts: Type.Integer({ minimum: 1, maximum: taskLimits.attemptsMax }),
  on_uncertain: Type.Union([Type.Literal("fail"), Type.Literal("retry")]),
  not_before: timestamp,
  expires_at: timestamp,
  idempotency_key: key,
  custom_id: key,
  labels: Labels,
  priority: Type.Union([Type.Literal("normal"), Type.Literal("low")]),
  webhook: Webhook,
  concurrency: Concurrency,
  checks: Checks,
  samples: Samples,
  escalate: Escalations,
  approve: Approve,
  approval: ApprovalOptions,
  rehearsal: rehearsalSchema,
};

/** Every field is optional here; the rules in producer/tasks require `prompt` or `messages`. */
export const DurableTask = Type.Partial(Type.Object(fields, strict), {
  ...strict,
  $id: "DurableTask",
});
export type DurableTask = Static<typeof DurableTask>;

/** The names of the standard tools, in the order in which the model sees them. */
export const standardTools = [
  "run_code",
  "run_shell",
  "read_file",
  "write_file",
  "edit_file",
  "list_files",
  "find_files",
  "grep_files",
  "delete_file",
  "fetch_url",
  "final_answer",
] as const;

/** The names of the tools that need a binding or a variable, in the order in which the model sees them. */
export const bindingTools = [
  "browse",
  "screenshot",
  "generate_image",
  "query_d1",
  "search_vectors",
  "send_email",
  "call_service",
  "run_bash",
] as const;
