import { z } from 'zod';

/** The colours that a guest may choose from, as they follow each other around a wheel: neighbours are most alike. */
export const colors = ['coral', 'sun', 'lime', 'mint', 'pearl', 'sky', 'violet', 'pink'] as const;
export type Color = (typeof colors)[number];

/** What a guest brings along to a table. */
export const profileSchema = z.object({ colour: z.enum(colors) });
