#!/bin/sh
# Stops the processes of a local cluster when the process that started them has ended, however it ended (kill -9 included).
#
# Reads lines `watch PID` and `forget PID` from a pipe that only that process holds. When the pipe closes, that process has
# ended. All watched processes then get SIGTERM (and SIGCONT, in case they are frozen), and later SIGKILL.
# Every PID leads its own process group, which is killed with it.
# $1 is the run folder, so that the process is recognizable in a process list.

watched=''
while read -r verb pid; do
  case $verb in
    watch) watched="$watched $pid" ;;
    forget)
      rest=''
      for p in $watched; do [ "$p" = "$pid" ] || rest="$rest $p"; done
      watched=$rest
      ;;
  esac
done

for p in $watched; do
  kill -s TERM "$p" 2>/dev/null
  kill -s CONT "$p" 2>/dev/null
done

# A node takes up to 15 s to hand its rooms over.
left=16
while [ "$left" -gt 0 ]; do
  alive=''
  for p in $watched; do kill -s 0 "$p" 2>/dev/null && alive=yes; done
  [ -n "$alive" ] || break
  sleep 1
  left=$((left - 1))
done

for p in $watched; do kill -s KILL -- "-$p" 2>/dev/null; done
exit 0
