/** Asks for a key, unless Cloudflare Access lets this browser in without one. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, apiWithKey, type CallError } from "../api.ts";
import { beginSession, type Session } from "../session.ts";

/** The cheapest call that needs a key. */
const trial = "GET /v1/batches";
const trialInput = { query: { limit: 1 } };

export function SignIn({ session }: { session: Session }) {
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState<CallError | null>(null);
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), [session.kind]);
  useEffect(() => {
    document.title = "Sign in · Flotilla";
    if (session.kind !== "unknown") return;
    void api(trial, trialInput).then((answer) => {
      if (answer.ok) beginSession({ kind: "access" });
      else if (answer.error.status !== 401) {
        beginSession({ kind: "out", message: answer.error.message });
      }
    });
  }, [session.kind]);

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const answer = await apiWithKey(key.trim())(trial, trialInput);
    setBusy(false);
    if (answer.ok) beginSession({ kind: "key", key: key.trim() });
    else setProblem(answer.error);
  };

  if (session.kind === "unknown")
    return <div class="sign-in" role="status" aria-label="Signing in" />;
  const message = problem?.message ?? (session.kind === "out" ? session.message : null);
  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)}>
        <p class="brand">
          <span class="brand-mark" aria-hidden="true" />
          Flotilla
        </p>
        <h1>Sign in to your fleet</h1>
        <label for="key">API key</label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          spellcheck={false}
          ref={field}
          required
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        {message !== null && (
          <p class="sign-in-problem" role="alert">
            {message}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy || key.trim() === ""}>
          {busy ? "Signing in …" : "Sign in"}
        </button>
        <p class="note">
          The key stays in this tab and is gone when you close it. A local fleet's is{" "}
          <code>dev-key</code>; <code>npx fleet keys create</code> makes others, which need the
          scope <code>read</code>, and <code>submit</code> to cancel and redrive.
        </p>
      </form>
    </main>
  );
}
