/** What the fleet gave up on: which errors the attempts met, and a way to send it through again. */

import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { pagePath, queryOf } from "../api.ts";
import { count, dateTime, shortId, words } from "../format.ts";
import { Empty, Failed, Head, Loading, Pager, Panel, Stale, When } from "../parts.tsx";
import { usePolled } from "../polling.ts";
import { Redrive } from "../redrive.tsx";
import type { DeadLetter } from "../shapes.ts";
import { visibleLine } from "../visible.ts";
import { redrivenText } from "./batch.tsx";

const eachMs = 6_000;

export function DeadLettersPage() {
  const { query } = useLocation();
  const { cursor = null, error_code: code = "" } = query;
  const listed = usePolled(
    "GET /v1/dead_letters",
    { query: queryOf({ error_code: code, cursor, limit: 25 }) },
    { eachMs },
  );
  const [open, setOpen] = useState<DeadLetter | "all" | null>(null);
  const [told, setTold] = useState<string | null>(null);
  const letters = listed.value?.tasks ?? [];
  const codes = [...new Set(letters.map(({ error }) => error?.code ?? ""))].filter(Boolean);
  const next = listed.value?.next_cursor ?? null;
  const many = code === "" ? "all dead letters" : `all dead letters with ${words(code)}`;
  return (
    <>
      <Head
        title="Dead letters"
        actions={
          <>
            {told !== null && (
              <span class="note" role="status">
                {visibleLine(told, 200)}
              </span>
            )}
            {letters.length > 0 && (
              <button type="button" class="primary" onClick={() => setOpen("all")}>
                Redrive {many}
              </button>
            )}
          </>
        }
      />
      <Stale problem={listed.value === null ? null : listed.problem} at={listed.at} />
      {listed.value === null && listed.problem !== null && (
        <Failed problem={listed.problem} retry={listed.refresh} />
      )}
      {(codes.length > 1 || code !== "") && (
        <nav class="chips" aria-label="By error">
          <a href="/dead-letters" {...(code === "" ? { "aria-current": "true" as const } : {})}>
            every error
          </a>
          {[...new Set([...codes, code])].filter(Boolean).map((one) => (
            <a
              key={one}
              href={pagePath("/dead-letters", { error_code: one })}
              {...(one === code ? { "aria-current": "true" as const } : {})}
            >
              {words(visibleLine(one, 60))}
            </a>
          ))}
        </nav>
      )}
      {listed.value === null ? (
        listed.problem === null && (
          <Panel>
            <Loading lines={5} />
          </Panel>
        )
      ) : letters.length === 0 ? (
        <Panel>
          <Empty title="No dead letters">
            <p>
              A task that used up its attempts against a broken model, sandbox or store ends here.
            </p>
          </Empty>
        </Panel>
      ) : (
        <>
          {letters.map((letter) => (
            <Letter key={letter.id} letter={letter} redrive={() => setOpen(letter)} />
          ))}
          <Pager
            first={cursor === null ? null : pagePath("/dead-letters", { error_code: code })}
            next={
              next === null ? null : pagePath("/dead-letters", { error_code: code, cursor: next })
            }
          />
        </>
      )}
      {open !== null && (
        <Redrive
          what={open === "all" ? many : visibleLine(open.custom_id ?? open.id, 60)}
          target={open === "all" ? { kind: "filtered" } : { kind: "task", id: open.id }}
          filter={
            open === "all" ? { status: ["dead"], ...(code === "" ? {} : { error_code: code }) } : {}
          }
          close={() => setOpen(null)}
          done={(redriven) => {
            setTold(redrivenText(redriven) ?? "redriven");
            listed.refresh();
          }}
        />
      )}
    </>
  );
}

function Letter({ letter, redrive }: { letter: DeadLetter; redrive: () => void }) {
  const { cause, attempt_errors: errors } = letter;
  return (
    <section class="panel letter" aria-label={`Dead letter ${shortId(letter.id)}`}>
      <div class="panel-head">
        <h2>
          <a href={`/tasks/${letter.id}`} title={letter.id}>
            {letter.custom_id === null ? (
              <code>{shortId(letter.id)}</code>
            ) : (
              visibleLine(letter.custom_id, 60)
            )}
          </a>
        </h2>
        {cause !== null && <code class="note">{visibleLine(cause.code, 60)}</code>}
        <span class="note">
          <When iso={letter.finished_at ?? letter.created_at} />
        </span>
        <div class="actions">
          <button type="button" class="small" onClick={redrive}>
            Redrive
          </button>
        </div>
      </div>
      <p class="clamp">{visibleLine(cause?.message ?? "no message", 400)}</p>
      {(errors.length > 1 || cause?.last_step) && (
        <details>
          <summary class="note">
            {count(errors.length)} {errors.length === 1 ? "attempt" : "attempts"}
            {cause?.last_step ? `, last step ${visibleLine(cause.last_step, 80)}` : ""}
          </summary>
          <ol class="attempts">
            {errors.map((error, n) => (
              <li key={`${error.at} ${n}`}>
                <span class="note">{error.at === undefined ? n + 1 : dateTime(error.at)}</span>{" "}
                <code>{visibleLine(error.code ?? "", 60)}</code>{" "}
                {visibleLine(error.message ?? "", 300)}
              </li>
            ))}
          </ol>
        </details>
      )}
    </section>
  );
}
