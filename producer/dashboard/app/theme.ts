/** Light or dark: as the system says, until a person chooses. The choice is no secret and stays. */
export type Theme = "system" | "light" | "dark";

const place = "flotilla.theme";
const themes: readonly Theme[] = ["system", "light", "dark"];
const listeners = new Set<() => void>();

export function chosenTheme(): Theme {
  const kept = localStorage.getItem(place);
  return themes.find((theme) => theme === kept) ?? "system";
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(place, theme);
  applyTheme();
  for (const listener of listeners) listener();
}

export function applyTheme(): void {
  document.documentElement.dataset.theme = chosenTheme();
}

/** Tells when the colours change, by choice or by the system. Answers what ends it. */
export function onTheme(listener: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  listeners.add(listener);
  system.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener("change", listener);
  };
}
