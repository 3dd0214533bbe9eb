/** The name of the game house, drawn: two of its letters are discs. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 214 64" role="img" aria-label="Rejoin">
      <g class="logo-stroke">
        <path d="M8 48V22M8 34c0-8 6-13 14-12" />
        <path d="M33 35h25c0-8-5-14-12.500-14S33 27 33 35s5 13.500 12.500 13.500c5 0 8.500-2 10.500-5" />
        <path d="M78 22v28c0 6-4 9-10 8" />
        <path d="M152 22v26" />
        <path d="M174 48V22M174 33c0-7 5-12 12-12s11 5 11 11v16" />
      </g>
      <circle class="logo-sun" cx="78" cy="9" r="5.500" />
      <circle class="logo-coral" cx="115" cy="35" r="16.500" />
      <circle class="logo-hole" cx="115" cy="35" r="6.500" />
      <circle class="logo-sun" cx="152" cy="9" r="5.500" />
    </svg>
  );
}
