/** The dead letters, with the errors of their attempts and a way to redrive them. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { pagePath, queryOf } from "../../data/api.ts";
import type { DeadLetter } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { ActionMessage, EmptyState, Loaded, StaleNotice } from "../../parts/feedback.tsx";
import { PageHeader, Pager, Panel } from "../../parts/layout.tsx";
import { RedriveDialog, redriveMessage } from "../../parts/redrive_dialog.tsx";
import { humanize } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";
import { DeadLetterPanel } from "./dead_letter_panel.tsx";

const eachMs = 6_000;
const path = "/dead-letters";

export function DeadLettersPage() {
  const { query } = useLocation();
  const { cursor = null, error_code: code = "" } = query;
  const listQuery = queryOf({ error_code: code, cursor, limit: 25 });
  const polled = usePolled("GET /v1/dead_letters", { query: listQuery }, { eachMs });
  const [target, setTarget] = useState<DeadLetter | "all" | null>(null);
  const [message, setMessage] = useState<string | null>(null);
  const letters = polled.value?.tasks ?? [];
  const next = polled.value?.next_cursor ?? null;
  const redriveAllButton = letters.length > 0 && (
    <button type="button" class="primary" onClick={() => setTarget("all")}>
      Redrive {allLetters(code)}
    </button>
  );
  return (
    <>
      <PageHeader
        title="Dead letters"
        actions={
          <>
            <ActionMessage message={message} />
            {redriveAllButton}
          </>
        }
      />
      <StaleNotice polled={polled} />
      <ErrorCodeFilter code={code} letters={letters} />
      <Loaded polled={polled} lines={5}>
        {({ tasks }) =>
          tasks.length === 0 ? (
            <NoDeadLetters />
          ) : (
            tasks.map((letter) => (
              <DeadLetterPanel key={letter.id} letter={letter} redrive={() => setTarget(letter)} />
            ))
          )
        }
      </Loaded>
      <Pager
        first={cursor === null ? null : pagePath(path, { error_code: code })}
        next={next === null ? null : pagePath(path, { error_code: code, cursor: next })}
      />
      {target !== null && (
        <RedriveLetters
          target={target}
          code={code}
          close={() => setTarget(null)}
          onRedriven={(text) => {
            setMessage(text);
            polled.refresh();
          }}
        />
      )}
    </>
  );
}

const allLetters = (code: string): string =>
  code === "" ? "all dead letters" : `all dead letters with ${humanize(code)}`;

function NoDeadLetters() {
  return (
    <Panel>
      <EmptyState title="No dead letters">
        <p>
          A task is dead-lettered when all its attempts failed on the model, sandbox or storage.
        </p>
      </EmptyState>
    </Panel>
  );
}

/** Links to the dead letters of one error; hidden while there is nothing to choose. */
function ErrorCodeFilter({ code, letters }: { code: string; letters: readonly DeadLetter[] }) {
  const letterCodes = letters.map(({ error }) => error?.code ?? "").filter(Boolean);
  const codes = [...new Set([...letterCodes, code])].filter(Boolean);
  if (codes.length < 2 && code === "") return null;
  return (
    <nav class="chips" aria-label="By error">
      {["", ...codes].map((choice) => (
        <a
          key={choice}
          href={pagePath(path, { error_code: choice })}
          {...(choice === code ? { "aria-current": "true" as const } : {})}
        >
          {choice === "" ? "every error" : humanize(visibleLine(choice, 60))}
        </a>
      ))}
    </nav>
  );
}

interface RedriveLettersProps {
  target: DeadLetter | "all";
  code: string;
  close: () => void;
  onRedriven: (message: string) => void;
}

function RedriveLetters({ target, code, close, onRedriven }: RedriveLettersProps) {
  const isAll = target === "all";
  const byCode = code === "" ? {} : { error_code: code };
  return (
    <RedriveDialog
      what={isAll ? allLetters(code) : visibleLine(target.custom_id ?? target.id, 60)}
      target={isAll ? { kind: "filtered" } : { kind: "task", id: target.id }}
      filter={isAll ? { status: ["dead"], ...byCode } : {}}
      close={close}
      onRedriven={(summary) => onRedriven(redriveMessage(summary) ?? "redriven")}
    />
  );
}
