// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A token that everybody has, and that calls back while it moves
contract ReentrantToken {
    address private _target;
    bytes private _call;
    bool public tried;
    bool public worked;
    /// @notice What left by transfer.
    uint256 public out;

    /// @notice Before the next transfer `call` is tried at `target`, once.
    function arm(address target, bytes calldata call) external {
        (_target, _call, tried, worked) = (target, call, false, false);
    }

    function transfer(address, uint256 amount) external returns (bool) {
        out += amount;
        if (_target != address(0) && !tried) {
            tried = true;
            (worked,) = _target.call(_call);
        }
        return true;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return true;
    }
}
