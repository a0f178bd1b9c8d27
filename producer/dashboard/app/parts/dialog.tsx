/** A question in front of the page. Escape and the button "Close" change nothing. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { CallError } from "../data/api.ts";
import { ErrorBanner } from "./feedback.tsx";

interface DialogProps {
  title: string;
  /** The text of the button that acts. */
  verb: string;
  danger?: boolean;
  /** Returns null for success; on an error the dialog stays open. */
  act: () => Promise<CallError | null>;
  close: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, verb, danger = false, act, close, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<CallError | null>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const error = await act();
    setBusy(false);
    if (error === null) close();
    else setProblem(error);
  };
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={close}>
      <form class="question" onSubmit={(event) => void submit(event)}>
        <h2 id="dialog-title">{title}</h2>
        {children}
        {problem !== null && <ErrorBanner problem={problem} />}
        <div class="dialog-foot">
          <button type="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
          <button type="submit" class={danger ? "danger" : "primary"} disabled={busy}>
            {busy ? "…" : verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
