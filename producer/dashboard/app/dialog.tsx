/** A question in front of the page. Escape and the button beside it leave everything as it is. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { CallError } from "./api.ts";
import { Failed } from "./parts.tsx";

interface Props {
  title: string;
  /** What the button says that does it. */
  verb: string;
  danger?: boolean;
  /** Null when it is done, else what went wrong: the question stays open. */
  act: () => Promise<CallError | null>;
  close: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, verb, danger = false, act, close, children }: Props) {
  const place = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<CallError | null>(null);
  useEffect(() => place.current?.showModal(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const failed = await act();
    setBusy(false);
    if (failed === null) close();
    else setProblem(failed);
  };
  return (
    <dialog ref={place} aria-labelledby="dialog-title" onClose={close}>
      <form class="question" onSubmit={(event) => void submit(event)}>
        <h2 id="dialog-title">{title}</h2>
        {children}
        {problem !== null && <Failed problem={problem} />}
        <div class="dialog-foot">
          <button type="button" onClick={() => place.current?.close()}>
            Leave it
          </button>
          <button type="submit" class={danger ? "danger" : "primary"} disabled={busy}>
            {busy ? "…" : verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
