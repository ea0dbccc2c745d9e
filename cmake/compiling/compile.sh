#!/bin/sh
# Compiler launcher: compile.sh checkpoints|signal_safe OBJCOPY OBJDUMP COMPILER ARGUMENT...
#
# checkpoints: what the compiler calls __morestack is not libgcc's, so it gets a name of its own: linked without
# preempt::checkpoints the object is an error, not a program that changes stacks. Without the notes, which say that
# functions are to be adjusted for segmented stacks, gold and lld leave them alone.
#
# signal_safe: all code of the object goes where PREEMPT_SIGNAL_SAFE puts a function.
set -eu

mode=$1
objcopy=$2
objdump=$3
shift 3

object=
previous=
lto=no
for argument; do
  if [ "$previous" = -o ]; then object=$argument; fi
  case $argument in
    -fno-lto) lto=no ;;
    -flto | -flto=*) lto=yes ;;
  esac
  previous=$argument
done

if [ "$lto" = yes ]; then
  echo "preempt: link-time optimisation (-flto) drops every checkpoint and every mark; compile $object without." >&2
  exit 1
fi

"$@"

case $object in
  *.o | *.obj) ;;
  *) exit 0 ;;  # a precompiled header, a listing
esac

if [ "$mode" = checkpoints ]; then
  exec "$objcopy" --remove-section=.note.GNU-split-stack --remove-section=.note.GNU-no-split-stack \
    --redefine-sym __morestack=preempt_checkpoints_are_linked_by_preempt_add_checkpoints \
    --redefine-sym __morestack_allocate_stack_space=preempt_allocate_stack_space \
    --redefine-sym __morestack_large_model=preempt_checkpoints_do_not_know_mcmodel_large "$object"
fi

headers=$("$objdump" -h "$object")
shift $#
for section in $(printf '%s\n' "$headers" | awk '$2 ~ /^\.text(\.|$)/ { print $2 }' | sort -u); do
  set -- "$@" "--rename-section=$section=preempt_signal_safe"
done
exec "$objcopy" "$@" "$object"
