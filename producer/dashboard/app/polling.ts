/** Looks again and again while the tab is seen, and more seldom the less happens. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import {
  api,
  type CallError,
  type CallInput,
  type CallName,
  type CallResult,
  type CallValue,
  callPath,
  retryAfterOf,
} from "./api.ts";
import { nextPauseMs } from "./pace.ts";

export interface Polled<T> {
  /** The latest answer, also while a later look fails. */
  value: T | null;
  problem: CallError | null;
  /** When the latest answer came; milliseconds since 1970. */
  at: number | null;
  /** Looks at once. */
  refresh: () => void;
}

interface Order<T> {
  /** The pace while things change. Left out, it looks once. */
  eachMs?: number;
  /** Nothing more will come: the looking ends. */
  done?: (value: T) => boolean;
}

/** What was seen last, so that going back shows something at once. */
const seen = new Map<string, { text: string; value: unknown; at: number }>();
const seenMax = 40;

export const forgetSeen = (): void => seen.clear();

function remember(path: string, text: string, value: unknown): void {
  seen.delete(path);
  seen.set(path, { text, value, at: Date.now() });
  const [oldest] = seen.keys();
  if (seen.size > seenMax && oldest !== undefined) seen.delete(oldest);
}

/** Calls that read. */
type ReadName = Extract<CallName, `GET ${string}`>;

/** With the input null nothing is called. */
export function usePolled<Name extends ReadName>(
  name: Name,
  input: CallInput<Name> | null,
  { eachMs, done }: Order<CallValue<Name>> = {},
): Polled<CallValue<Name>> {
  const path = input === null ? null : callPath(name, input);
  const latestInput = useRef(input);
  latestInput.current = input;
  const [, redraw] = useState(0);
  const [problem, setProblem] = useState<CallError | null>(null);
  const again = useRef<() => void>(() => undefined);
  const ended = useRef(done);
  ended.current = done;

  useEffect(() => {
    setProblem(null);
    if (path === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let pauseMs = eachMs ?? 0;
    let stopped = false;
    let running = false;
    const look = async () => {
      if (running || stopped) return;
      running = true;
      clearTimeout(timer);
      const since = performance.now();
      const answer = await read(name, latestInput.current);
      running = false;
      if (stopped) return;
      const text = answer.ok ? JSON.stringify(answer.value) : "";
      const changed = answer.ok && seen.get(path)?.text !== text;
      if (answer.ok) remember(path, text, answer.value);
      setProblem(answer.ok ? null : answer.error);
      redraw((count) => count + 1);
      if (eachMs === undefined && answer.ok) return;
      if (answer.ok && ended.current?.(answer.value) === true) return;
      if (!answer.ok && [401, 403, 404].includes(answer.error.status)) return;
      pauseMs = nextPauseMs(eachMs ?? firstRetryMs, pauseMs, {
        changed,
        tookMs: performance.now() - since,
        failed: !answer.ok,
        retryAfter: answer.ok ? null : retryAfterOf(answer.error),
      });
      timer = setTimeout(seenLook, pauseMs);
    };
    /** A hidden tab asks for nothing; it looks when it is shown again. */
    const seenLook = () => void (document.hidden ? undefined : look());
    const shown = () => {
      if (!document.hidden && eachMs !== undefined) void look();
    };
    again.current = () => {
      pauseMs = eachMs ?? 0;
      void look();
    };
    document.addEventListener("visibilitychange", shown);
    void look();
    return () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", shown);
    };
  }, [name, path, eachMs]);

  const held = path === null ? undefined : seen.get(path);
  const refresh = useCallback(() => again.current(), []);
  return {
    value: (held?.value as CallValue<Name> | undefined) ?? null,
    problem,
    at: held?.at ?? null,
    refresh,
  };
}

const read = async <Name extends ReadName>(name: Name, input: CallInput<Name> | null) =>
  (api as (name: Name, input: CallInput<Name> | null) => Promise<CallResult<CallValue<Name>>>)(
    name,
    input,
  );

const firstRetryMs = 2_000;
