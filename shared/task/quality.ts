/** What makes an answer trustworthy, as users send it: checks, samples that vote, escalation to other models. */
import { type Static, Type } from "@sinclair/typebox";
import { qualityLimits } from "../limits.ts";

const strict = { additionalProperties: false } as const;

const modelId = Type.String({ minLength: 1, maxLength: 200, pattern: "^[\\x21-\\x7e]+$" });

const name = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: qualityLimits.checkNameCharsMax,
    description: "how steps, errors and counts call the check; its number where it is left out",
  }),
);

const CodeCheck = Type.Object(
  {
    name,
    code: Type.String({
      minLength: 1,
      maxLength: qualityLimits.checkCodeCharsMax,
      description:
        "a JavaScript program with output, input and the workspace's files (fs); its last value is true, or a sentence that says what is wrong",
    }),
  },
  strict,
);

const ToolCheck = Type.Object(
  {
    name,
    tool: Type.String({
      pattern: "^[a-z0-9][a-z0-9_-]{0,62}$",
      description: "a custom tool that only reads; it gets {output, input}",
    }),
  },
  strict,
);

const Judge = Type.Object(
  {
    model: modelId,
    rubric: Type.String({ minLength: 1, maxLength: qualityLimits.rubricCharsMax }),
    pass_at: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
    explain: Type.Optional(
      Type.Boolean({ description: "whether the model gets the judge's reasons" }),
    ),
    steps: Type.Optional(Type.Boolean({ description: "whether the judge sees the steps" })),
  },
  strict,
);
export type Judge = Static<typeof Judge>;

const JudgeCheck = Type.Object({ name, judge: Judge }, strict);

/** One check of an answer: a program, a tool or a judge. */
export const Check = Type.Union([CodeCheck, ToolCheck, JudgeCheck]);
export type Check = Static<typeof Check>;

export const Checks = Type.Array(Check, { minItems: 1, maxItems: qualityLimits.checksMax });

/** Independent runs of one task, whose answers vote. */
export const Samples = Type.Object(
  {
    count: Type.Integer({ minimum: qualityLimits.samplesMin, maximum: qualityLimits.samplesMax }),
    agree_on: Type.Optional(
      Type.Array(
        Type.String({
          pattern: "^(/[^/]*)+$",
          maxLength: qualityLimits.pointerCharsMax,
          description: 'a JSON pointer into the answer, such as "/label"',
        }),
        { minItems: 1, maxItems: qualityLimits.agreeOnMax, uniqueItems: true },
      ),
    ),
    need: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: qualityLimits.samplesMax,
        description: "how many samples must agree; more than half of count where it is left out",
      }),
    ),
  },
  strict,
);
export type Samples = Static<typeof Samples>;

/** The ends of a model's work that another model may continue. */
export const escalationCauses = [
  "invalid_output",
  "no_agreement",
  "no_progress",
  "check_failed",
] as const;
export type EscalationCause = (typeof escalationCauses)[number];

export const Escalation = Type.Object(
  {
    model: modelId,
    when: Type.Optional(
      Type.Array(Type.Union(escalationCauses.map((cause) => Type.Literal(cause))), {
        minItems: 1,
        uniqueItems: true,
      }),
    ),
    share_failure: Type.Optional(
      Type.Boolean({ description: "whether the model reads what failed before it" }),
    ),
  },
  strict,
);
export type Escalation = Static<typeof Escalation>;

export const Escalations = Type.Array(Escalation, {
  minItems: 1,
  maxItems: qualityLimits.escalationsMax,
});
