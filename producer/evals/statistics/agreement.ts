/** How far answers agree: between variants without gold, and between a judge and people. */

/** Fleiss' kappa: agreement beyond chance; `answers[i]` lists the answers of all variants to row i. Null if it is undefined. */
export function fleissKappa(answers: readonly (readonly string[])[]): number | null {
  const raters = answers[0]?.length ?? 0;
  if (answers.length === 0 || raters < 2) return null;
  const totals = new Map<string, number>();
  let observed = 0;
  for (const row of answers) {
    let pairs = 0;
    for (const [answer, count] of countOf(row)) {
      totals.set(answer, (totals.get(answer) ?? 0) + count);
      pairs += count * (count - 1);
    }
    observed += pairs / (raters * (raters - 1));
  }
  const all = answers.length * raters;
  const expected = [...totals.values()].reduce((sum, count) => sum + (count / all) ** 2, 0);
  return expected === 1 ? null : (observed / answers.length - expected) / (1 - expected);
}

export function countOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The entropy of a row's answers in bits: 0 if all agree. */
export function entropyBits(values: readonly string[]): number {
  let bits = 0;
  for (const count of countOf(values).values()) {
    const share = count / values.length;
    bits -= share * Math.log2(share);
  }
  return bits;
}

/** A judge's verdict on an answer that a person labelled. */
export interface LabelledVerdict {
  expected: boolean;
  verdict: boolean;
  /** The kind of row, for which the bias is reported apart; null without one. */
  group: string | null;
}

export interface Calibration {
  rows: number;
  agreement: number;
  /** Cohen's kappa; null if all verdicts or all labels are the same. */
  kappa: number | null;
  /** Wrong answers that the judge passes, and right ones that it rejects; null without such rows. */
  false_pass: number | null;
  false_fail: number | null;
  groups: { group: string; rows: number; agreement: number; bias: number }[];
}

export function calibrate(verdicts: readonly LabelledVerdict[]): Calibration {
  const groups = new Set(verdicts.flatMap(({ group }) => group ?? []));
  const right = verdicts.filter(({ expected }) => expected);
  const wrong = verdicts.filter(({ expected }) => !expected);
  const agreement = agreementOf(verdicts);
  const passes = shareOf(verdicts, ({ verdict }) => verdict) ?? 0;
  const rights = right.length / Math.max(1, verdicts.length);
  const expected = passes * rights + (1 - passes) * (1 - rights);
  return {
    rows: verdicts.length,
    agreement,
    kappa: expected === 1 ? null : (agreement - expected) / (1 - expected),
    false_pass: shareOf(wrong, ({ verdict }) => verdict),
    false_fail: shareOf(right, ({ verdict }) => !verdict),
    groups: [...groups].sort().map((group) => {
      const rows = verdicts.filter((row) => row.group === group);
      const passed = shareOf(rows, ({ verdict }) => verdict) ?? 0;
      const labelled = shareOf(rows, (row) => row.expected) ?? 0;
      return { group, rows: rows.length, agreement: agreementOf(rows), bias: passed - labelled };
    }),
  };
}

const agreementOf = (rows: readonly LabelledVerdict[]): number =>
  shareOf(rows, ({ expected, verdict }) => expected === verdict) ?? 0;

function shareOf(
  rows: readonly LabelledVerdict[],
  isCounted: (row: LabelledVerdict) => boolean,
): number | null {
  return rows.length === 0 ? null : rows.filter(isCounted).length / rows.length;
}

/**
 * The accuracy that a judge's share of passes means, given how often it errs (Rogan and Gladen).
 * Null for a judge that cannot tell right from wrong, or that saw only one of the two.
 */
export function correctedAccuracy(
  passes: number,
  { false_pass, false_fail }: Calibration,
): number | null {
  if (false_pass === null || false_fail === null) return null;
  const power = 1 - false_fail - false_pass;
  return power <= 0 ? null : Math.min(1, Math.max(0, (passes - false_pass) / power));
}
