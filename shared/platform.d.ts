/** The globals that `shared` uses: browsers and Node have them, ECMAScript does not declare them. */
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
