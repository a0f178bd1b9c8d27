/**
 * Who looks: with an API key, which this tab alone keeps until it is closed, or through Cloudflare Access,
 * whose cookie the browser sends by itself and no script sees.
 */
import { useEffect, useState } from "preact/hooks";

export type Session =
  /** Nobody has been asked yet whether Access lets this browser in. */
  | { kind: "unknown" }
  | { kind: "out"; message: string | null }
  | { kind: "key"; key: string }
  | { kind: "access" };

const place = "flotilla.key";
const listeners = new Set<() => void>();
let session: Session = kept();

function kept(): Session {
  const key = sessionStorage.getItem(place);
  return key === null ? { kind: "unknown" } : { kind: "key", key };
}

export const currentSession = (): Session => session;

export function beginSession(next: Session): void {
  session = next;
  if (next.kind === "key") sessionStorage.setItem(place, next.key);
  else sessionStorage.removeItem(place);
  for (const listener of listeners) listener();
}

export function useSession(): Session {
  const [held, hold] = useState(session);
  useEffect(() => {
    const listener = () => hold(session);
    listeners.add(listener);
    listener();
    return () => void listeners.delete(listener);
  }, []);
  return held;
}
