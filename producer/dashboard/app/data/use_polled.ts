/** The value of an API call, kept up to date while its component is shown. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import {
  api,
  type CallError,
  type CallInput,
  type CallName,
  type CallResult,
  type CallValue,
  callPath,
} from "./api.ts";
import { type Poller, startPoller } from "./poller.ts";
import { cachedResponse } from "./response_cache.ts";

export interface Polled<T> {
  /** The latest value, also while later calls fail. */
  value: T | null;
  problem: CallError | null;
  /** When the latest value was received; milliseconds since 1970. */
  at: number | null;
  /** Makes the call at once. */
  refresh: () => void;
}

interface PollOptions<T> {
  /** The delay while the value changes. Left out: one successful call is enough. */
  eachMs?: number;
  /** Whether the value is final, so that polling ends. */
  done?: (value: T) => boolean;
}

/** The names of calls that only read. */
type ReadName = Extract<CallName, `GET ${string}`>;

/** With the input null nothing is called. */
export function usePolled<Name extends ReadName>(
  name: Name,
  input: CallInput<Name> | null,
  { eachMs, done }: PollOptions<CallValue<Name>> = {},
): Polled<CallValue<Name>> {
  const path = input === null ? null : callPath(name, input);
  const latest = useRef({ input, done });
  latest.current = { input, done };
  const [, redraw] = useState(0);
  const [problem, setProblem] = useState<CallError | null>(null);
  const poller = useRef<Poller | null>(null);

  useEffect(() => {
    setProblem(null);
    if (path === null) return;
    const newPoller = startPoller({
      path,
      eachMs,
      read: () => read(name, latest.current.input),
      isDone: (value) => latest.current.done?.(value) === true,
      onResult: (error) => {
        setProblem(error);
        redraw((count) => count + 1);
      },
    });
    poller.current = newPoller;
    return newPoller.stop;
  }, [name, path, eachMs]);

  const cachedValue = path === null ? undefined : cachedResponse(path);
  const refresh = useCallback(() => poller.current?.refresh(), []);
  return {
    value: (cachedValue?.value as CallValue<Name> | undefined) ?? null,
    problem,
    at: cachedValue?.at ?? null,
    refresh,
  };
}

const read = async <Name extends ReadName>(name: Name, input: CallInput<Name> | null) =>
  (api as (name: Name, input: CallInput<Name> | null) => Promise<CallResult<CallValue<Name>>>)(
    name,
    input,
  );
