/** Text that an agent, a model or a stranger wrote. It is shown as text, cut, and can be had whole. */
import { useMemo, useState } from "preact/hooks";
import { compact } from "./format.ts";
import { Scroll } from "./parts.tsx";
import { saveText } from "./save.ts";
import { cutText } from "./visible.ts";

const firstChars = 4_000;
const moreChars = 60_000;
const lineChars = 2_000;

interface Props {
  text: string;
  /** What a download of it is called. */
  name: string;
  label?: string;
}

export function Hostile({ text, name, label }: Props) {
  const [charsMax, setCharsMax] = useState(firstChars);
  const { shown, left } = useMemo(() => cutText(text, charsMax, lineChars), [text, charsMax]);
  if (text === "") return <p class="empty-text">empty</p>;
  return (
    <div class="hostile">
      <Scroll label={label ?? name}>
        <pre dir="auto">{shown}</pre>
      </Scroll>
      {left > 0 && (
        <div class="hostile-more">
          <span>{compact(left)} more characters</span>
          {charsMax < text.length && (
            <button type="button" class="small" onClick={() => setCharsMax(charsMax + moreChars)}>
              Show more
            </button>
          )}
          <button type="button" class="small" onClick={() => saveText(name, text)}>
            Download
          </button>
        </div>
      )}
    </div>
  );
}

/** One of several, under its title. */
export function Part({ title, text, name }: { title: string; text: string; name: string }) {
  return (
    <div class="part">
      <h3>{title}</h3>
      <Hostile text={text} name={name} label={title} />
    </div>
  );
}
