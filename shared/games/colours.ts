import { z } from 'zod';

/** The colours that a guest may choose from, as they follow each other around a wheel: neighbours are most alike. */
export const colours = ['coral', 'sun', 'lime', 'mint', 'pearl', 'sky', 'violet', 'pink'] as const;
export type Colour = (typeof colours)[number];

/** What a guest brings along to a table. */
export const guest = z.object({ colour: z.enum(colours) });
