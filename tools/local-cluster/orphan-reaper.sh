#!/bin/sh
# Ends what a launcher started when the launcher itself is gone, however it went (kill -9 included).
#
# Reads lines `watch PID` and `forget PID` from a pipe that only the launcher holds. When the pipe closes, the launcher no
# longer lives, and whatever is still watched is asked to end (SIGTERM, and SIGCONT for a frozen one), then made to.
# Every PID leads a process group of its own: what it started in turn goes with it.
# $1 names the run folder, for those who read the list of processes.

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
