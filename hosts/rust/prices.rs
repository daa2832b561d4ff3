//! prices: Rust's threads call rules in Scheme, which call Rust back.
use std::collections::HashMap;
use std::ffi::{c_void, CStr, CString};
use std::os::raw::{c_char, c_double, c_int};
use std::thread;

type Ask = extern "C" fn(*mut c_char, *mut c_void) -> c_double;
#[link(name = "rules")]
extern "C" {
    fn rules_begin() -> c_int;
    fn rules_price(thing: *const c_char, count: c_int, ask: Ask, data: *const c_void, result: *mut c_double) -> c_int;
    fn rules_error() -> *const c_char;
}

type Stock = HashMap<String, f64>;

/// Called by Scheme. A panic must not leave it.
extern "C" fn ask(thing: *mut c_char, stock: *mut c_void) -> c_double {
    let (thing, stock) = unsafe { (CStr::from_ptr(thing), &*(stock as *const Stock)) };
    *stock.get(&*thing.to_string_lossy()).unwrap_or(&f64::NAN)
}

fn price(stock: &Stock, thing: &str, count: i32) -> Result<f64, String> {
    let thing = CString::new(thing).map_err(|error| error.to_string())?;
    let mut result = 0.0;
    let stock = stock as *const Stock as *const c_void;
    match unsafe { rules_price(thing.as_ptr(), count, ask, stock, &mut result) } {
        0 => Ok(result),
        _ => Err(unsafe { CStr::from_ptr(rules_error()) }.to_string_lossy().into_owned()),
    }
}

fn main() {
    assert_eq!(unsafe { rules_begin() }, 0, "the rules do not begin");
    let things = ["apple", "brick", "crane"];
    let stock: Stock = things.iter().map(|thing| thing.to_string()).zip([0.5, 2.0, 50000.0]).collect();
    let part = |first: i32| (first..300).step_by(8).map(|n| price(&stock, things[n as usize % 3], n).unwrap()).sum::<f64>();
    let part = &part;
    let sum: f64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|first| scope.spawn(move || part(first))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!("the sum is {}", sum);
    println!("{}", price(&stock, "dream", 1).unwrap_err());
}
