/**
 * How the user is signed in: with an API key, which only this tab stores until it is closed, or through
 * Cloudflare Access, whose cookie the browser sends and no script can read.
 */
import { useEffect, useState } from "preact/hooks";

export type Session =
  /** It is not known yet whether Access lets this browser in. */
  | { kind: "unknown" }
  | { kind: "out"; message: string | null }
  | { kind: "key"; key: string }
  | { kind: "access" };

const storageKey = "flotilla.key";
const listeners = new Set<() => void>();
let session: Session = readStoredSession();

function readStoredSession(): Session {
  const key = sessionStorage.getItem(storageKey);
  return key === null ? { kind: "unknown" } : { kind: "key", key };
}

export const currentSession = (): Session => session;

export function setSession(next: Session): void {
  session = next;
  if (next.kind === "key") sessionStorage.setItem(storageKey, next.key);
  else sessionStorage.removeItem(storageKey);
  for (const listener of listeners) listener();
}

export function useSession(): Session {
  const [current, setCurrent] = useState(session);
  useEffect(() => {
    const listener = () => setCurrent(session);
    listeners.add(listener);
    listener();
    return () => void listeners.delete(listener);
  }, []);
  return current;
}
