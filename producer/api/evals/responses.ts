/** An evaluation and its report. */
import { type Static, Type } from "@sinclair/typebox";
import { Detail } from "../../http/error_response.ts";
import { Count, Dollars, NextCursor, oneOf, orNull, Time } from "../../http/values.ts";

const Share = Type.Number({ minimum: 0, maximum: 1 });
const Interval = Type.Object({ low: Type.Number(), high: Type.Number() }, { description: "95 %" });

const Variant = Type.Object({
  name: Type.String(),
  batch_id: Type.String(),
  rows: Count,
  accuracy: Share,
  interval: Interval,
  corrected_accuracy: orNull(Share),
  pass_powers: Type.Array(Share, { description: "pass^1, pass^2, …: all of so many tries right" }),
  invalid: Type.Number({ description: "the share of tries without a valid answer" }),
  ungraded: Count,
  cost_usd: Dollars,
  tokens: Count,
  latency_ms: Type.Object({ p50: orNull(Type.Number()), p95: orNull(Type.Number()) }),
});

const paired = {
  rows: Count,
  only_a: Count,
  only_b: Count,
  difference: Type.Number({ description: "accuracy of a minus accuracy of b" }),
  interval: Interval,
  p: Type.Number(),
  method: oneOf(["mcnemar_mid_p", "paired_normal"]),
};

const Comparison = Type.Object({
  a: Type.String(),
  b: Type.String(),
  ...paired,
  p_adjusted: Type.Number(),
  better: orNull(Type.String()),
  rows_needed: orNull(Count),
});

const Calibration = Type.Object({
  rows: Count,
  agreement: Share,
  kappa: orNull(Type.Number()),
  false_pass: orNull(Share),
  false_fail: orNull(Share),
  groups: Type.Array(
    Type.Object({ group: Type.String(), rows: Count, agreement: Share, bias: Type.Number() }),
  ),
});

const Report = Type.Object(
  {
    graded: Type.Boolean(),
    variants: Type.Array(Variant),
    comparisons: Type.Array(Comparison),
    non_inferiority: Type.Array(
      Type.Object({
        variant: Type.String(),
        reference: Type.String(),
        margin: Type.Number(),
        lower: Type.Number(),
        shown: Type.Boolean(),
      }),
    ),
    agreement: Type.Object({
      pairs: Type.Array(Type.Object({ a: Type.String(), b: Type.String(), share: Share })),
      kappa: orNull(Type.Number()),
      label_next: Type.Array(Count),
    }),
    judges: Type.Array(
      Type.Object({
        grader: Count,
        model: Type.String(),
        calibration: orNull(Calibration),
        reported_as: oneOf(["accuracy", "verdicts"]),
      }),
    ),
  },
  { $id: "EvalReport" },
);
export type ReportResponse = Static<typeof Report>;

const fields = {
  id: Type.String(),
  name: orNull(Type.String()),
  status: oneOf(["starting", "running", "judging", "finished", "failed"]),
  rows: Count,
  samples: Count,
  variants: Type.Array(Type.Object({ name: Type.String(), batch_id: orNull(Type.String()) })),
  rows_hash: Type.String({ description: "evaluations with the same rows can be compared" }),
  error: orNull(Type.Object({ message: Type.String(), details: Type.Array(Detail) })),
  created_at: Time,
  finished_at: orNull(Time),
};

export const EvalResponse = Type.Object(
  { ...fields, report: orNull(Report) },
  { $id: "Eval", essential: ["id", "status", "variants"] },
);
export type EvalResponse = Static<typeof EvalResponse>;

export const EvalPage = Type.Object({
  evals: Type.Array(Type.Object(fields, { $id: "ListedEval", essential: ["id", "status"] })),
  next_cursor: NextCursor,
});
export type EvalPage = Static<typeof EvalPage>;

const Try = Type.Object({
  task_id: Type.String(),
  status: Type.String(),
  reason: orNull(Type.String()),
  output: Type.Unknown(),
  pass: orNull(Type.Boolean()),
  scores: Type.Array(orNull(Type.Number())),
  cost_usd: Dollars,
  tokens: Count,
  latency_ms: orNull(Type.Number()),
});

/** One row with the tries of every variant. */
export const EvalRowLine = Type.Object(
  {
    row: Count,
    item: Type.Object({}),
    differs: Type.Boolean({ description: "whether some variant is right and another wrong" }),
    variants: Type.Array(Type.Object({ name: Type.String(), tries: Type.Array(Try) })),
  },
  { $id: "EvalRow" },
);
export type EvalRowLine = Static<typeof EvalRowLine>;

/** A variant of this evaluation against one of another over the same rows. */
export const EvalComparison = Type.Object(
  { comparisons: Type.Array(Comparison) },
  { $id: "EvalComparison" },
);
