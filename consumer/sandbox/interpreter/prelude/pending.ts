import { op } from "../protocol.ts";
import { ask } from "./bridge.ts";

interface Waiting {
  resolve(value: { value: unknown; body: ArrayBuffer | undefined }): void;
  reject(error: Error): void;
}

const waiting = new Map<number, Waiting>();
const callbacks = new Map<number, () => void>();
let lastId = 0;

export function nextId(): number {
  lastId += 1;
  return lastId;
}

/** Calls the host and waits for its answer: a value and perhaps a body. */
export function callHost(
  values: readonly unknown[],
  bytes?: Uint8Array,
): Promise<{ value: unknown; body: ArrayBuffer | undefined }> {
  return new Promise((resolve, reject) => {
    const id = nextId();
    ask(op.call, [id, ...values], bytes);
    waiting.set(id, { resolve, reject });
  });
}

/** The host answers `[id, ok, value]`. */
export function deliverAnswer(text: string, body: ArrayBuffer | undefined): void {
  const [id, ok, value] = JSON.parse(text) as [number, boolean, unknown];
  const call = waiting.get(id);
  waiting.delete(id);
  if (ok) call?.resolve({ value, body });
  else call?.reject(new Error(String(value)));
}

/** Asks the host to run this callback after the delay. */
export function setTimer(id: number, delayMs: number, callback: () => void, isRef = true): void {
  callbacks.set(id, callback);
  ask(op.timer, [id, delayMs, isRef]);
}

export function clearTimer(id: number): void {
  if (callbacks.delete(id)) ask(op.clear, [id]);
}

export function fireTimer(id: number): void {
  const callback = callbacks.get(id);
  callbacks.delete(id);
  callback?.();
}
