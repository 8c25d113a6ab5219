;; XXH64, by the specification at
;; https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
;;
;; Memory: 0..31 the four accumulators, 32..39 the seed and then the hash, the rest is for input
;; and output. src/fingerprint/xxh64-wasm.ts holds the compiled module; a test compares the two.
(module
  (memory (export "memory") 6)
  (global $p1 i64 (i64.const 0x9E3779B185EBCA87))
  (global $p2 i64 (i64.const 0xC2B2AE3D27D4EB4F))
  (global $p3 i64 (i64.const 0x165667B19E3779F9))
  (global $p4 i64 (i64.const 0x85EBCA77C2B2AE63))
  (global $p5 i64 (i64.const 0x27D4EB2F165667C5))

  ;; Sets the accumulators from the seed.
  (func $begin (export "begin")
    (local $seed i64)
    (local.set $seed (i64.load offset=32 (i32.const 0)))
    (i64.store offset=0 (i32.const 0)
      (i64.add (i64.add (local.get $seed) (global.get $p1)) (global.get $p2)))
    (i64.store offset=8 (i32.const 0) (i64.add (local.get $seed) (global.get $p2)))
    (i64.store offset=16 (i32.const 0) (local.get $seed))
    (i64.store offset=24 (i32.const 0) (i64.sub (local.get $seed) (global.get $p1))))

  ;; Takes stripes of 32 bytes from $at up to $end.
  (func $stripes (export "stripes") (param $at i32) (param $end i32)
    (local $a i64) (local $b i64) (local $c i64) (local $d i64)
    (local.set $a (i64.load offset=0 (i32.const 0)))
    (local.set $b (i64.load offset=8 (i32.const 0)))
    (local.set $c (i64.load offset=16 (i32.const 0)))
    (local.set $d (i64.load offset=24 (i32.const 0)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $a (i64.mul (i64.rotl (i64.add (local.get $a)
          (i64.mul (i64.load offset=0 (local.get $at)) (global.get $p2))) (i64.const 31)) (global.get $p1)))
        (local.set $b (i64.mul (i64.rotl (i64.add (local.get $b)
          (i64.mul (i64.load offset=8 (local.get $at)) (global.get $p2))) (i64.const 31)) (global.get $p1)))
        (local.set $c (i64.mul (i64.rotl (i64.add (local.get $c)
          (i64.mul (i64.load offset=16 (local.get $at)) (global.get $p2))) (i64.const 31)) (global.get $p1)))
        (local.set $d (i64.mul (i64.rotl (i64.add (local.get $d)
          (i64.mul (i64.load offset=24 (local.get $at)) (global.get $p2))) (i64.const 31)) (global.get $p1)))
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (br $next)))
    (i64.store offset=0 (i32.const 0) (local.get $a))
    (i64.store offset=8 (i32.const 0) (local.get $b))
    (i64.store offset=16 (i32.const 0) (local.get $c))
    (i64.store offset=24 (i32.const 0) (local.get $d)))

  ;; The round of a lane with an accumulator of 0.
  (func $round (param $lane i64) (result i64)
    (i64.mul (i64.rotl (i64.mul (local.get $lane) (global.get $p2)) (i64.const 31)) (global.get $p1)))

  (func $merge (param $hash i64) (param $accumulator i64) (result i64)
    (i64.add
      (i64.mul (i64.xor (local.get $hash) (call $round (local.get $accumulator))) (global.get $p1))
      (global.get $p4)))

  ;; Takes the last bytes, fewer than 32, and sets the hash of $total bytes.
  (func $finish (export "finish") (param $at i32) (param $end i32) (param $total f64)
    (local $h i64) (local $a i64) (local $b i64) (local $c i64) (local $d i64)
    (local.set $c (i64.load offset=16 (i32.const 0)))
    (if (f64.ge (local.get $total) (f64.const 32))
      (then
        (local.set $a (i64.load offset=0 (i32.const 0)))
        (local.set $b (i64.load offset=8 (i32.const 0)))
        (local.set $d (i64.load offset=24 (i32.const 0)))
        (local.set $h (i64.add
          (i64.add (i64.rotl (local.get $a) (i64.const 1)) (i64.rotl (local.get $b) (i64.const 7)))
          (i64.add (i64.rotl (local.get $c) (i64.const 12)) (i64.rotl (local.get $d) (i64.const 18)))))
        (local.set $h (call $merge (local.get $h) (local.get $a)))
        (local.set $h (call $merge (local.get $h) (local.get $b)))
        (local.set $h (call $merge (local.get $h) (local.get $c)))
        (local.set $h (call $merge (local.get $h) (local.get $d))))
      (else (local.set $h (i64.add (local.get $c) (global.get $p5)))))
    (local.set $h (i64.add (local.get $h) (i64.trunc_f64_u (local.get $total))))
    (block $done8
      (loop $next8
        (br_if $done8 (i32.gt_u (i32.add (local.get $at) (i32.const 8)) (local.get $end)))
        (local.set $h (i64.add (i64.mul (i64.rotl (i64.xor (local.get $h)
          (call $round (i64.load (local.get $at)))) (i64.const 27)) (global.get $p1)) (global.get $p4)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $next8)))
    (if (i32.le_u (i32.add (local.get $at) (i32.const 4)) (local.get $end))
      (then
        (local.set $h (i64.add (i64.mul (i64.rotl (i64.xor (local.get $h)
          (i64.mul (i64.load32_u (local.get $at)) (global.get $p1))) (i64.const 23)) (global.get $p2)) (global.get $p3)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))))
    (block $done1
      (loop $next1
        (br_if $done1 (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $h (i64.mul (i64.rotl (i64.xor (local.get $h)
          (i64.mul (i64.load8_u (local.get $at)) (global.get $p5))) (i64.const 11)) (global.get $p1)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next1)))
    (local.set $h (i64.mul (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 33))) (global.get $p2)))
    (local.set $h (i64.mul (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 29))) (global.get $p3)))
    (i64.store offset=32 (i32.const 0)
      (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 32)))))

  ;; Hashes $count entries (type u8, length u32, payload) from $at on, each with the hash before
  ;; it as the seed, and writes the hashes from $out on. Returns 1, or 0 if the entries do not end
  ;; exactly at $end.
  (func (export "chain") (param $at i32) (param $end i32) (param $count i32) (param $out i32)
    (result i32)
    (local $size i32) (local $tail i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (if (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 5))
          (then (return (i32.const 0))))
        (local.set $size (i32.load offset=1 align=1 (local.get $at)))
        (if (i32.gt_u (local.get $size)
              (i32.sub (i32.sub (local.get $end) (local.get $at)) (i32.const 5)))
          (then (return (i32.const 0))))
        (local.set $size (i32.add (local.get $size) (i32.const 5)))
        (local.set $tail (i32.add (local.get $at) (i32.and (local.get $size) (i32.const -32))))
        (call $begin)
        (call $stripes (local.get $at) (local.get $tail))
        (local.set $at (i32.add (local.get $at) (local.get $size)))
        (call $finish (local.get $tail) (local.get $at) (f64.convert_i32_u (local.get $size)))
        (i64.store (local.get $out) (i64.load offset=32 (i32.const 0)))
        (local.set $out (i32.add (local.get $out) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.eq (local.get $at) (local.get $end))))
