// A goroutine for each request: tail processors plan_file. Prints when the plan starts, by CLOCK_MONOTONIC, then each
// completion since then, both in nanoseconds, then the cpu seconds of all threads.
//
// Arrivals are timers: at each scheduling point a P starts those that are due before it takes anything else. No other
// arrival is known to favour Go more. A goroutine that computes arrivals would need a P that it never gives up, and what
// it starts would queue there, where the others look only when no preempted goroutine waits; the network poller is
// looked at as late. But an idle P sleeps in the poller for whole milliseconds, so the generator, a thread outside on
// its own cpu, writes a byte to standard input when each request is due.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type request struct {
	arrival, service int64
}

// As work_rounds() of bench/support/work.h.
//
//go:noinline
func work(rounds uint64) uint64 {
	value := rounds
	for i := uint64(0); i < rounds; i++ {
		value = value*6364136223846793005 + 1442695040888963407
	}
	return value
}

// As measure_rounds_per_second() there: the best of some short measurements on one of the cpus that are used later.
func roundsPerNanosecond() float64 {
	const trials, rounds = 50, 1000000
	best := 0.0
	for trial := 0; trial < trials; trial++ {
		start := time.Now()
		work(rounds)
		if rate := rounds / float64(time.Since(start).Nanoseconds()); rate > best {
			best = rate
		}
	}
	return best
}

func monotonic() int64 {
	const clockMonotonic = 1
	var now syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0)
	return now.Nano()
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) * 1e-9
}

func readPlan(path string) []request {
	file, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	var plan []request
	for reader := bufio.NewReader(file); ; {
		var next request
		if count, _ := fmt.Fscan(reader, &next.arrival, &next.service); count != 2 {
			return plan
		}
		plan = append(plan, next)
	}
}

// Takes what wakes this program, until it is closed.
func drain(file *os.File) {
	buffer := make([]byte, 4096)
	for {
		if _, err := file.Read(buffer); err != nil {
			return
		}
	}
}

func run(plan []request, start time.Time, rate float64) []int64 {
	completions := make([]int64, len(plan))
	var left sync.WaitGroup
	left.Add(len(plan))
	for i := range plan {
		i := i
		time.AfterFunc(time.Until(start.Add(time.Duration(plan[i].arrival))), func() {
			work(uint64(rate * float64(plan[i].service)))
			completions[i] = time.Since(start).Nanoseconds()
			left.Done()
		})
	}
	left.Wait()
	return completions
}

func main() {
	processors, _ := strconv.Atoi(os.Args[1])
	runtime.GOMAXPROCS(processors)
	plan := readPlan(os.Args[2])
	rate := roundsPerNanosecond()
	go drain(os.Stdin)

	timeToMakeTimers := 100*time.Millisecond + time.Duration(len(plan))*4*time.Microsecond
	start, startMonotonic := time.Now().Add(timeToMakeTimers), monotonic()+timeToMakeTimers.Nanoseconds()
	fmt.Println(startMonotonic)
	cpuStart := cpuSeconds()
	completions := run(plan, start, rate)
	cpu := cpuSeconds() - cpuStart

	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, completion := range completions {
		fmt.Fprintln(out, completion)
	}
	fmt.Fprintln(out, cpu)
}
