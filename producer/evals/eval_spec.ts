/** An evaluation as users send it: variants of a task over the same rows, and what makes an answer right. */
import { type Static, Type } from "@sinclair/typebox";
import { evalLimits } from "../../shared/limits.ts";
import { Labels } from "../../shared/task/task.ts";
import { Grader } from "./graders/grader.ts";

const strict = { additionalProperties: false } as const;

/** Its other fields are those of a task and replace the template's. */
const Variant = Type.Object(
  {
    name: Type.String({
      pattern: "^[^\\x00-\\x1f]{1,100}$",
      description: "unique, such as the model",
    }),
  },
  { additionalProperties: true },
);

export const EvalSpec = Type.Object(
  {
    name: Type.Optional(Type.String({ pattern: "^[^\\x00-\\x1f]{1,100}$" })),
    rows: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
      minItems: 1,
      maxItems: evalLimits.rowsMax,
    }),
    template: Type.Object({}, { description: "a task, with {{item.field}} of each row" }),
    variants: Type.Array(Variant, { minItems: 1, maxItems: evalLimits.variantsMax }),
    graders: Type.Optional(
      Type.Array(Grader, {
        maxItems: evalLimits.gradersMax,
        description:
          "an answer must pass all; without any, only the agreement of the variants is measured",
      }),
    ),
    samples: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: evalLimits.samplesMax,
        description: "tries of each row",
      }),
    ),
    margin: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        description:
          "by how much less accurate than the first a variant may be and still count as no worse",
      }),
    ),
    labels: Type.Optional(Labels),
    limits: Type.Optional(
      Type.Object({ cost_usd: Type.Optional(Type.Number({ exclusiveMinimum: 0 })) }, strict),
    ),
  },
  { ...strict, $id: "EvalToSubmit" },
);
export type EvalSpec = Static<typeof EvalSpec>;
export type EvalVariant = Static<typeof Variant>;

/** The task of a variant: the template with the variant's own fields. */
export function templateOf(spec: EvalSpec, { name: _, ...fields }: EvalVariant): object {
  const template: Record<string, unknown> = { ...spec.template, ...fields };
  if ("prompt" in fields && !("messages" in fields)) delete template.messages;
  if ("messages" in fields && !("prompt" in fields)) delete template.prompt;
  return template;
}

/** The index of a try in its batch: the tries of one row follow each other. */
export const tryAt = (index: number, samples: number): { row: number; sample: number } => ({
  row: Math.floor(index / samples),
  sample: index % samples,
});
