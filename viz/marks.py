"""The marks of the chart grammar as SVG, each once. Colours come from the classes of tokens.css."""

HEAD = '<circle cx="0" cy="-4.2" r="3"/>'
SHOULDERS = '<path d="M-5.2 5.4 C-5.2 0.6 -2.6 -0.2 0 -0.2 S5.2 0.6 5.2 5.4 Z"/>'

BRAND = (
    '<svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">'
    '<path d="M16.6 5.1 A8.2 8.2 0 1 1 11 2.8" fill="none" stroke="var(--ink)" stroke-width="2"/>'
    '<circle cx="14.6" cy="3.4" r="3.1" fill="var(--kept)"/></svg>'
)
KEPT = (
    '<svg width="36" height="36" viewBox="0 0 36 36" aria-hidden="true">'
    '<circle cx="18" cy="18" r="16" fill="none" stroke="currentColor" stroke-width="2"/>'
    f'<g transform="translate(18 18.5) scale(1.9)" fill="currentColor">{HEAD}{SHOULDERS}</g></svg>'
)
CLOSED = (
    '<svg width="36" height="36" viewBox="0 0 36 36" aria-hidden="true">'
    '<circle cx="18" cy="18" r="16" fill="none" stroke="currentColor" stroke-width="2.5" stroke-dasharray="6 4"/>'
    '<circle cx="18" cy="18" r="6" fill="currentColor"/></svg>'
)


def futures(harm: int, size: int = 132) -> str:
    """One hundred futures: a filled ink square is harm, a small hollow circle none."""
    step, body = size / 10, []
    for place in range(100):
        row, column = divmod(place, 10)
        x, y = (column + 0.5) * step, (row + 0.5) * step
        if place < harm:
            place, side = f'x="{x - 0.36 * step:.1f}" y="{y - 0.36 * step:.1f}"', f"{0.72 * step:.1f}"
            body.append(f'<rect class="ink-fill" {place} width="{side}" height="{side}" rx="1"/>')
        else:
            body.append(f'<circle class="axis" cx="{x:.1f}" cy="{y:.1f}" r="{0.22 * step:.1f}"/>')
    return f'<svg width="{size}" height="{size}" viewBox="0 0 {size} {size}" aria-hidden="true">{"".join(body)}</svg>'
