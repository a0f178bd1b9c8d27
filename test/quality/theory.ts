/** What checks, votes and escalation do in theory: exact sums over all outcomes, apart from the product's code. */
import { type ErrorRates, type Method, wrongLabels } from "./simulation.ts";

export interface Expected {
  accepted: number;
  /** The share of the accepted answers that is right. */
  accuracy: number;
  calls: number;
  escalatedCalls: number;
}

/** A thread ends with a label (0 is right) or with null, after so many calls on average. */
interface ThreadOdds {
  odds: Map<number | null, number>;
  calls: number;
}

export function expect(method: Method, rates: ErrorRates): Expected {
  const { error, correlation } = rates;
  const sum = { accepted: 0, right: 0, calls: 0, escalatedCalls: 0 };
  // Given the task's own draw, its answers are independent.
  const draws: [label: number, odds: number][] = [[0, 1 - error]];
  for (let label = 1; label <= wrongLabels; label++) draws.push([label, error / wrongLabels]);
  const dearer = threadOdds(method, rates, answerOdds(rates.escalatedError, 0, 0));
  for (const [draw, weight] of draws) {
    const thread = threadOdds(method, rates, answerOdds(error, correlation, draw));
    const cheap = method.samples === null ? thread : voteOdds(method.samples, thread);
    const failed = cheap.odds.get(null) ?? 0;
    const add = (odds: ThreadOdds["odds"], share: number) => {
      for (const [label, chance] of odds) {
        if (label !== null) sum.accepted += weight * share * chance;
        if (label === 0) sum.right += weight * share * chance;
      }
    };
    add(cheap.odds, 1);
    sum.calls += weight * cheap.calls;
    if (!method.escalates) continue;
    add(dearer.odds, failed);
    sum.escalatedCalls += weight * failed * dearer.calls;
  }
  const { accepted, right, calls, escalatedCalls } = sum;
  return { accepted, accuracy: right / accepted, calls, escalatedCalls };
}

/** The odds of each label of one answer. */
function answerOdds(error: number, correlation: number, draw: number): number[] {
  return Array.from({ length: wrongLabels + 1 }, (_, label) => {
    const fresh = label === 0 ? 1 - error : error / wrongLabels;
    return correlation * (label === draw ? 1 : 0) + (1 - correlation) * fresh;
  });
}

/** One answer, and as many corrections as the check rejects. */
function threadOdds(method: Method, rates: ErrorRates, answer: readonly number[]): ThreadOdds {
  const odds = new Map<number | null, number>();
  let open = 1;
  let calls = 0;
  const rounds = method.checks ? method.corrections + 1 : 1;
  for (let round = 0; round < rounds; round++) {
    calls += open;
    let rejected = 0;
    for (const [label, chance] of answer.entries()) {
      const passes = !method.checks ? 1 : label === 0 ? 1 - rates.rejected : rates.missed;
      odds.set(label, (odds.get(label) ?? 0) + open * chance * passes);
      rejected += chance * (1 - passes);
    }
    open *= rejected;
  }
  odds.set(null, open);
  return { odds, calls };
}

/** Samples one after another, until one label has what it needs or none can reach it. */
function voteOdds(
  { count, need }: { count: number; need: number },
  thread: ThreadOdds,
): ThreadOdds {
  const odds = new Map<number | null, number>();
  let calls = 0;
  const walk = (ran: number, votes: readonly number[], weight: number): void => {
    const most = Math.max(0, ...votes);
    const rivals = votes.filter((each) => each > 0).sort((a, b) => b - a);
    const left = count - ran;
    const isWon = most >= need && (left === 0 || (rivals[1] ?? 0) + left < most);
    if (isWon || most + left < need) {
      const label = isWon ? votes.indexOf(most) : null;
      odds.set(label, (odds.get(label) ?? 0) + weight);
      return;
    }
    calls += weight * thread.calls;
    for (const [label, chance] of thread.odds) {
      const next = votes.map((each, index) => (index === label ? each + 1 : each));
      walk(ran + 1, next, weight * chance);
    }
  };
  walk(0, Array(wrongLabels + 1).fill(0), 1);
  return { odds, calls };
}
