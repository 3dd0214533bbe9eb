import { defineConfig } from 'vite';
import { gameServer } from './dev-server.ts';

export default defineConfig({ plugins: [gameServer()], server: { port: 3000 } });
