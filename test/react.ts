/** What stands here for React: Preact, by the layer that is there for users of React. */
export { useCallback, useEffect, useReducer, useState, useSyncExternalStore } from 'preact/compat';
