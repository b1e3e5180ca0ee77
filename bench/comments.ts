/** What the tables do not say by themselves, by scenario: what was lost, what bounds it, what was tried. Markdown, a paragraph each. */
export const comments: Readonly<Record<string, readonly string[]>> = {}
