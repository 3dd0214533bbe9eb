import { z } from 'zod';

/** The colors a guest may choose, in the order of the color wheel: neighbors are most alike. */
export const colors = ['coral', 'sun', 'lime', 'mint', 'pearl', 'sky', 'violet', 'pink'] as const;
export type Color = (typeof colors)[number];

/** The profile of a guest. */
export const profileSchema = z.object({ colour: z.enum(colors) });
