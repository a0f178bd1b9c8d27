import { taskLimits } from "../../../shared/limits.ts";
import type { Message, ModelRequest, Transport } from "../../../shared/models/model.ts";
import { failure } from "../../../shared/task/failures.ts";
import type { Rehearsal, RehearsalTurn } from "../../../shared/task/rehearsal.ts";
import { classifyThrown } from "../errors/classify.ts";
import { readHttpOutcome } from "../reply/http_outcome.ts";

/** What the scripted model does for one call. Every call uses one turn, failed ones included. */
export type Played =
  | { kind: "reply"; body: unknown; delayMs: number; nextPosition: number }
  | {
      kind: "error";
      status: number;
      body: unknown;
      retryAfter: string | null;
      delayMs: number;
      nextPosition: number;
    }
  | { kind: "exhausted"; turns: number };

/** The tool results since the model's last reply. */
function latestResults(messages: readonly Message[]): string[] {
  const lastReply = messages.findLastIndex((message) => message.role === "assistant");
  return messages
    .slice(lastReply + 1)
    .flatMap((message) => (message.role === "tool" ? [message.content] : []));
}

function chatReply(text: string, calls: readonly { name: string; arguments: string }[]): unknown {
  const tool_calls = calls.map((call, index) => ({
    id: `rehearsed_${index}`,
    type: "function",
    function: call,
  }));
  return {
    object: "chat.completion",
    model: "rehearsal",
    choices: [
      {
        index: 0,
        finish_reason: calls.length > 0 ? "tool_calls" : "stop",
        message: {
          role: "assistant",
          content: text,
          ...(calls.length > 0 ? { tool_calls } : {}),
        },
      },
    ],
    // No usage: the normaliser estimates it and says so.
  };
}

/** Follows the conditions of a turn to the turn to play, and adds up the delays. */
function chooseTurn(
  turn: RehearsalTurn,
  results: readonly string[],
): { turn: Exclude<RehearsalTurn, { when: unknown }>; delayMs: number } {
  let position = turn;
  let delayMs = position.delay_ms ?? 0;
  while ("when" in position) {
    const expectedText = position.when.tool_result_contains;
    position = results.some((result) => result.includes(expectedText))
      ? position.then
      : position.else;
    delayMs += position.delay_ms ?? 0;
  }
  return { turn: position, delayMs: Math.min(delayMs, taskLimits.rehearsalDelayMsMax) };
}

/** Plays the turn at this position against a request. Pure: the transport does the waiting. */
export function play(
  turns: Rehearsal,
  position: number,
  request: Pick<ModelRequest, "messages">,
): Played {
  const next = turns[position];
  if (next === undefined) return { kind: "exhausted", turns: turns.length };
  const { turn, delayMs } = chooseTurn(next, latestResults(request.messages));
  const nextPosition = position + 1;
  if ("error" in turn) {
    const { status, code, message, retry_after } = turn.error;
    return {
      kind: "error",
      status,
      body: { error: { code, message } },
      retryAfter: retry_after === undefined ? null : String(retry_after),
      delayMs,
      nextPosition,
    };
  }
  if ("raw" in turn) return { kind: "reply", body: turn.raw, delayMs, nextPosition };
  const calls = "calls" in turn ? turn.calls : [];
  const wireCalls = calls.map((call) => ({
    name: call.name,
    arguments:
      typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments ?? {}),
  }));
  return { kind: "reply", body: chatReply(turn.text ?? "", wireCalls), delayMs, nextPosition };
}

export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** Waits, or rejects with the signal's reason. */
const waitWithTimer: Wait = (ms, signal) =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });

export interface RehearsalScript {
  turns: Rehearsal;
  /** How many model calls of this task are journaled: the turn to play first. */
  position: number;
}

/**
 * The scripted model as a transport. Its replies pass the same reading, normalising and
 * classifying as any endpoint's. The position advances with every call.
 */
export function rehearsalTransport(script: RehearsalScript, wait: Wait = waitWithTimer): Transport {
  let position = script.position;
  return {
    async complete(request) {
      const turn = play(script.turns, position, request);
      if (turn.kind === "exhausted") {
        return {
          ok: false,
          failure: failure(
            "rehearsal_exhausted",
            `The rehearsal has ${turn.turns} turns and all of them are played.`,
          ),
        };
      }
      position = turn.nextPosition;
      try {
        if (turn.delayMs > 0) await wait(turn.delayMs, request.signal);
        const { errorBody: _, ...outcome } = await readHttpOutcome(response(turn), request);
        return outcome;
      } catch (thrown) {
        return { ok: false, failure: classifyThrown(thrown, Date.now()) };
      }
    },
  };
}

function response(turn: Exclude<Played, { kind: "exhausted" }>): Response {
  if (turn.kind === "reply") return Response.json(turn.body ?? null);
  return Response.json(turn.body, {
    status: turn.status,
    ...(turn.retryAfter === null ? {} : { headers: { "retry-after": turn.retryAfter } }),
  });
}
