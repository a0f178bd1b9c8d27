/** What makes an answer right. Every grader of an evaluation must pass it. */
import { type Static, type TProperties, Type } from "@sinclair/typebox";
import { evalLimits } from "../../../shared/limits.ts";

const strict = { additionalProperties: false } as const;

const grader = <K extends string, P extends TProperties>(kind: K, fields: P) =>
  Type.Object({ kind: Type.Literal(kind), ...fields }, strict);

/** What is compared: a place in the output, and the field of the row that holds the right value. */
const places = {
  output: Type.Optional(
    Type.String({
      pattern: "^(/.*)?$",
      maxLength: evalLimits.placeCharsMax,
      description: 'a JSON Pointer such as "/label"; default: the whole output',
    }),
  ),
  expect: Type.String({ minLength: 1, maxLength: evalLimits.placeCharsMax }),
};

/** An answer to a row that a person judged, by which the judge itself is measured. */
const CalibrationRow = Type.Object(
  {
    item: Type.Unknown(),
    output: Type.Unknown(),
    pass: Type.Boolean(),
    group: Type.Optional(Type.String()),
  },
  strict,
);

export const Grader = Type.Union([
  grader("exact", places),
  grader("text", places),
  grader("number", {
    ...places,
    tolerance: Type.Optional(Type.Number({ minimum: 0 })),
    relative: Type.Optional(Type.Boolean()),
  }),
  grader("set", { ...places, f1: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })) }),
  grader("json", places),
  grader("regex", {
    output: places.output,
    pattern: Type.String({ minLength: 1, maxLength: evalLimits.patternCharsMax }),
  }),
  grader("program", { code: Type.String({ minLength: 1, maxLength: evalLimits.programCharsMax }) }),
  grader("judge", {
    model: Type.String({ minLength: 1, maxLength: 200 }),
    rubric: Type.String({ minLength: 1, maxLength: evalLimits.rubricCharsMax }),
    pass_at: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    calibration: Type.Optional(
      Type.Array(CalibrationRow, { maxItems: evalLimits.calibrationRowsMax }),
    ),
  }),
]);
export type Grader = Static<typeof Grader>;
export type GraderOf<K extends Grader["kind"]> = Extract<Grader, { kind: K }>;

/** Graders that compare values here; programs run in the sandbox, and judges are model calls. */
export type PureGrader = Exclude<Grader, { kind: "program" | "judge" }>;
