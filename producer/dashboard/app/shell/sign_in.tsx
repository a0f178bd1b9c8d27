/** Asks for an API key, unless Cloudflare Access lets this browser in without one. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, apiWithKey, type CallError } from "../data/api.ts";
import { type Session, setSession } from "../data/session.ts";

/** The cheapest call that needs a key. */
const testCall = "GET /v1/batches";
const testInput = { query: { limit: 1 } };

export function SignIn({ session }: { session: Session }) {
  useEffect(() => {
    document.title = "Sign in · Flotilla";
    if (session.kind !== "unknown") return;
    void api(testCall, testInput).then((result) => {
      if (result.ok) setSession({ kind: "access" });
      else if (result.error.status !== 401) {
        setSession({ kind: "out", message: result.error.message });
      }
    });
  }, [session.kind]);
  if (session.kind === "unknown")
    return <div class="sign-in" role="status" aria-label="Signing in" />;
  return <KeyForm message={session.kind === "out" ? session.message : null} />;
}

/** `message`: why the last session ended, or null. */
function KeyForm({ message }: { message: string | null }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<CallError | null>(null);
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const key = text.trim();
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const result = await apiWithKey(key)(testCall, testInput);
    setBusy(false);
    if (result.ok) setSession({ kind: "key", key });
    else setProblem(result.error);
  };
  const errorMessage = problem?.message ?? message;
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
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        {errorMessage !== null && (
          <p class="sign-in-problem" role="alert">
            {errorMessage}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy || key === ""}>
          {busy ? "Signing in …" : "Sign in"}
        </button>
        <KeyHelp />
      </form>
    </main>
  );
}

function KeyHelp() {
  return (
    <p class="note">
      The key is stored only in this tab, until you close it. The key of a local fleet is{" "}
      <code>dev-key</code>; <code>npx fleet keys create</code> creates others. Reading needs the
      scope <code>read</code>; cancelling and redriving need <code>submit</code>.
    </p>
  );
}
