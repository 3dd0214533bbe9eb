export const BackIcon = () => (
  <svg class="icon icon-back" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M15 5 8 12l7 7" />
  </svg>
);

export const EyeIcon = () => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M2.500 12C5 7.500 8.300 5.500 12 5.500s7 2 9.500 6.500c-2.500 4.500-5.800 6.500-9.500 6.500s-7-2-9.500-6.500Z" />
    <circle cx="12" cy="12" r="2.800" />
  </svg>
);

/** Three machines, one above the other. */
export const NodesIcon = () => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M4 4h16v4H4zM4 10h16v4H4zM4 16h16v4H4z" />
  </svg>
);

export const SoundIcon = ({ on }: { on: boolean }) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path
      d={`M4 9.500v5h3.500L12 18.500v-13L7.500 9.500Z${on ? 'M15.500 9a4.500 4.500 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11' : 'M16 9.500l5 5M21 9.500l-5 5'}`}
    />
  </svg>
);

/** A small robot: played by nobody. */
export const BotIcon = () => (
  <svg class="icon icon-bot" viewBox="0 0 24 24" role="img" aria-label="bot">
    <path d="M12 3v4M5 8h14v11H5zM9.500 12.500v2M14.500 12.500v2M2.500 12v4M21.500 12v4" />
  </svg>
);

export const CrownIcon = () => (
  <svg class="icon icon-crown" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M4 18h16M4 14 3 6l5 4 4-6 4 6 5-4-1 8Z" />
  </svg>
);

export const CrossIcon = () => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d="m6 6 12 12M18 6 6 18" />
  </svg>
);

export const PlayIcon = () => (
  <svg class="icon is-solid" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M7 4.500v15l12.500-7.500Z" />
  </svg>
);

export const PauseIcon = () => (
  <svg class="icon is-solid" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M6.500 4.500h4v15h-4zM13.500 4.500h4v15h-4z" />
  </svg>
);

/** From the beginning. */
export const AgainIcon = () => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M5 4.500v5h5M5.600 9.500a7.500 7.500 0 1 1-1 4.500" />
  </svg>
);

export const StepBackIcon = () => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M18 5.500 9.500 12l8.500 6.500ZM6 5.500v13" />
  </svg>
);

export const StepOnIcon = () => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d="m6 5.500 8.500 6.500L6 18.500ZM18 5.500v13" />
  </svg>
);

export const LinkIcon = () => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M10 14a4 4 0 0 0 5.700 0l3.200-3.200a4 4 0 0 0-5.700-5.700l-1.400 1.400M14 10a4 4 0 0 0-5.700 0l-3.200 3.200a4 4 0 0 0 5.700 5.700l1.400-1.400" />
  </svg>
);
